//! Who calls: an API key or a token, checked against what this service has heard, and nothing else.

use crate::apikey::ApiKey;
use crate::known::Known;
use crate::token::Verifier;
use crate::{Problem, ServiceConfig, Slug};
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use bus::{View, Views};
use events::identity::{Principal, Tenant, TenantState};
use events::topics;
use ipnet::IpNet;
use kernel::{Clock, PrincipalId, TenantId, micros};
use privacy::{AccessLimit, Category, CategorySet, Purpose, PurposeSet, Verb, VerbSet};
use runtime::Runtime;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A key that was made a moment ago may not have been heard of yet; so long it is waited for before it is a 401.
const PATIENCE: Duration = Duration::from_millis(250);

/// What every route needs to know who calls. One a service.
pub struct Auth {
    pub(crate) principals: Known<Principal>,
    pub(crate) tenants: Known<Tenant>,
    pub(crate) tokens: Arc<Verifier>,
    pub(crate) lease: Duration,
    pub(crate) clock: Clock,
    pub(crate) trusted_hops: usize,
}

/// A caller who has been identified, with the limit that holds for this call.
#[derive(Clone, Debug)]
pub struct Identified {
    /// The API key, also where it came as a token.
    pub principal: PrincipalId,
    pub tenant: TenantId,
    /// By the policy's names.
    pub roles: Vec<String>,
    /// The key's limit, and the token's where there is one: what both allow.
    pub limit: AccessLimit,
}

impl Auth {
    /// Adds its views to the service's, and begins to ask for identity's public keys; neither keeps the service from starting.
    pub fn start(runtime: &Runtime, config: &ServiceConfig, views: &mut Views) -> Self {
        Self {
            principals: Known::Heard(views.add(&topics::PRINCIPALS)),
            tenants: Known::Heard(views.add(&topics::TENANTS)),
            tokens: Verifier::start(runtime, &config.issuer, &config.jwks_url),
            lease: Duration::from_secs(config.lease_principals_seconds),
            clock: runtime.clock().clone(),
            trusted_hops: config.trusted_hops,
        }
    }

    /// The view of tenants, for whoever decides by their choices.
    pub fn tenants(&self) -> &Arc<View<Tenant>> {
        match &self.tenants {
            Known::Heard(view) => view,
            #[cfg(test)]
            Known::Fixed { .. } => panic!("a map is no view"),
        }
    }

    /// Who calls, or the problem to answer with: 401 for nobody we know, 403 where the whole call is refused, 503 where what is known is too old.
    ///
    /// # Errors
    /// That problem.
    pub async fn identify(&self, request: &HttpRequest) -> Result<Identified, Problem> {
        let header = request.headers().get(AUTHORIZATION).ok_or_else(Problem::unauthenticated)?;
        let credential = header.to_str().ok().and_then(bearer).ok_or_else(Problem::unknown_credential)?;
        match ApiKey::parse(credential) {
            Some(key) => self.by_key(&key, request).await,
            None => self.by_token(credential, request).await,
        }
    }

    async fn by_key(&self, key: &ApiKey, request: &HttpRequest) -> Result<Identified, Problem> {
        self.check_freshness()?;
        let known = self.principals.wait_for(key.id.as_bytes(), PATIENCE).await;
        let principal = known.filter(|principal| key.proves(&principal.secret_sha256)).ok_or_else(Problem::unknown_credential)?;
        self.live(&principal, request).await
    }

    async fn by_token(&self, token: &str, request: &HttpRequest) -> Result<Identified, Problem> {
        let claims = self.tokens.verify(token).await.ok_or_else(Problem::unknown_credential)?;
        self.check_freshness()?;
        // A token dies with its key, whatever its own time says.
        let principal = self.principals.wait_for(claims.sub.as_bytes(), PATIENCE).await.ok_or_else(Problem::unknown_credential)?;
        let identified = self.live(&principal, request).await?;
        if identified.tenant != claims.tenant {
            return Err(Problem::unknown_credential());
        }
        Ok(Identified { limit: identified.limit.narrow(&claims.limit), roles: claims.roles, ..identified })
    }

    fn check_freshness(&self) -> Result<(), Problem> {
        self.principals.fresh(self.lease).and(self.tenants.fresh(self.lease)).map_err(|_| Problem::new(Slug::VIEW_STALE))
    }

    /// The key behind the credential, as it is now.
    async fn live(&self, principal: &Principal, request: &HttpRequest) -> Result<Identified, Problem> {
        let now = micros(self.clock.now());
        // Revoked is revoked: the clocks of two machines, or of a test on its way to us, have no say in it.
        if principal.revoked_at_us != 0 || principal.expires_at_us != 0 && principal.expires_at_us <= now {
            return Err(Problem::unknown_credential());
        }
        let tenant = TenantId::from_slice(&principal.tenant_id).ok_or_else(Problem::unknown_credential)?;
        self.check_tenant(tenant).await?;
        if !principal.networks.is_empty() && !self.comes_from(request, &principal.networks) {
            return Err(Problem::forbidden("network-not-allowed"));
        }
        Ok(Identified {
            principal: PrincipalId::from_slice(&principal.principal_id).ok_or_else(Problem::unknown_credential)?,
            tenant,
            roles: principal.roles.clone(),
            limit: principal.limit.as_ref().map_or_else(AccessLimit::nothing, limit),
        })
    }

    /// The first key of a new tenant may be heard of before the tenant is.
    async fn check_tenant(&self, tenant: TenantId) -> Result<(), Problem> {
        let known = self.tenants.wait_for(tenant.as_bytes(), PATIENCE).await;
        match known.map(|tenant| tenant.state()) {
            Some(TenantState::Active) => Ok(()),
            Some(TenantState::Suspended) => Err(Problem::forbidden("tenant-suspended")),
            Some(TenantState::Closed | TenantState::Unspecified) | None => Err(Problem::unknown_credential()),
        }
    }

    /// Whether the caller's address is in one of the networks. A network that cannot be read allows nobody.
    fn comes_from(&self, request: &HttpRequest, networks: &[String]) -> bool {
        let Some(address) = self.address(request) else { return false };
        networks.iter().any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address)))
    }

    /// Behind proxies, the address that the outermost trusted one saw; what stands further left was written by the caller.
    fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        if self.trusted_hops == 0 {
            return Some(request.peer_addr()?.ip().to_canonical());
        }
        // A header that stands several times is one list (RFC 9110, 5.3).
        let lines = request.headers().get_all("x-forwarded-for").map(|line| line.to_str().ok()).collect::<Option<Vec<_>>>()?;
        let hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
        let hop = hops.get(hops.len().checked_sub(self.trusted_hops)?)?;
        let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|with_port| with_port.ip())).ok()?;
        Some(address.to_canonical())
    }
}

/// The credential of `Authorization: Bearer …` (RFC 6750, 2.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, credential) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim()).filter(|credential| !credential.is_empty())
}

/// A limit as it was heard. A name that this binary does not know allows nothing.
fn limit(heard: &events::identity::AccessLimit) -> AccessLimit {
    fn known<T: FromStr>(names: &[String]) -> impl Iterator<Item = T> {
        names.iter().filter_map(|name| name.parse().ok())
    }
    AccessLimit {
        verbs: known::<Verb>(&heard.verbs).collect::<VerbSet>(),
        categories: known::<Category>(&heard.categories).collect::<CategorySet>(),
        purposes: known::<Purpose>(&heard.purposes).collect::<PurposeSet>(),
    }
}
