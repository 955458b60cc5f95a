//! Who calls: an API key or a token, checked against what this service has heard, and nothing else.

use crate::apikey::ApiKey;
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
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A key that was made a moment ago may not have been heard of yet.
const PATIENCE: Duration = Duration::from_millis(250);

/// What every route needs to know who calls. One a service.
pub struct Auth {
    principals: Arc<View<Principal>>,
    tenants: Arc<View<Tenant>>,
    tokens: Arc<Verifier>,
    lease: Duration,
    clock: Clock,
    trusted_hops: usize,
}

/// A caller who has been identified, with the limit that holds for this call.
#[derive(Clone, Debug)]
pub struct Identified {
    pub principal: PrincipalId,
    pub tenant: TenantId,
    pub roles: Vec<String>,
    pub limit: AccessLimit,
}

impl Auth {
    /// Adds its views to the service's.
    pub fn start(runtime: &Runtime, config: &ServiceConfig, views: &mut Views) -> Self {
        Self {
            principals: views.add(&topics::PRINCIPALS),
            tenants: views.add(&topics::TENANTS),
            tokens: Verifier::start(runtime, &config.issuer, &config.jwks_url),
            lease: Duration::from_secs(config.lease_principals_seconds),
            clock: runtime.clock().clone(),
            trusted_hops: config.trusted_hops,
        }
    }

    pub fn tenants(&self) -> &Arc<View<Tenant>> {
        &self.tenants
    }

    /// Who calls, or the problem to answer with.
    pub async fn identify(&self, request: &HttpRequest) -> Result<Identified, Problem> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = header.and_then(bearer).ok_or_else(|| Problem::new(Slug::UNAUTHENTICATED))?;
        self.principals.fresh(self.lease).and(self.tenants.fresh(self.lease)).map_err(|_| Problem::new(Slug::VIEW_STALE))?;
        let identified = match ApiKey::parse(credential) {
            Some(key) => self.by_key(&key, request).await,
            None => self.by_token(credential, request).await,
        }?;
        self.check_tenant(identified.tenant)?;
        Ok(identified)
    }

    async fn by_key(&self, key: &ApiKey, request: &HttpRequest) -> Result<Identified, Problem> {
        let known = self.principals.wait_for(key.id.as_bytes(), PATIENCE).await;
        let principal = known.filter(|principal| key.proves(&principal.secret_sha256)).ok_or_else(|| Problem::new(Slug::UNAUTHENTICATED))?;
        self.live(&principal, request)
    }

    async fn by_token(&self, token: &str, request: &HttpRequest) -> Result<Identified, Problem> {
        let unknown = || Problem::new(Slug::UNAUTHENTICATED);
        let claims = self.tokens.verify(token).await.ok_or_else(unknown)?;
        // A token dies with its key, whatever its own time says.
        let principal = self.principals.get(claims.sub.as_bytes()).ok_or_else(unknown)?;
        let identified = self.live(&principal, request)?;
        if identified.tenant != claims.tenant {
            return Err(unknown());
        }
        Ok(Identified { limit: identified.limit.narrow(&claims.limit), roles: claims.roles, ..identified })
    }

    /// The key behind the credential, as it is now.
    fn live(&self, principal: &Principal, request: &HttpRequest) -> Result<Identified, Problem> {
        let unknown = || Problem::new(Slug::UNAUTHENTICATED);
        let now = micros(self.clock.now());
        let ended = principal.revoked_at_us != 0 && principal.revoked_at_us <= now || principal.expires_at_us != 0 && principal.expires_at_us <= now;
        if ended {
            return Err(unknown());
        }
        if !principal.networks.is_empty() && !self.comes_from(request, &principal.networks) {
            return Err(Problem::forbidden("network-not-allowed"));
        }
        Ok(Identified {
            principal: PrincipalId::from_slice(&principal.principal_id).ok_or_else(unknown)?,
            tenant: TenantId::from_slice(&principal.tenant_id).ok_or_else(unknown)?,
            roles: principal.roles.clone(),
            limit: principal.limit.as_ref().map_or_else(AccessLimit::nothing, limit),
        })
    }

    fn check_tenant(&self, tenant: TenantId) -> Result<(), Problem> {
        let state = self.tenants.get(tenant.as_bytes()).map(|tenant| tenant.state());
        match state {
            Some(TenantState::Active) => Ok(()),
            Some(TenantState::Suspended) => Err(Problem::forbidden("tenant-suspended")),
            _ => Err(Problem::new(Slug::UNAUTHENTICATED)),
        }
    }

    /// Whether the caller's address is in one of the networks. A network that cannot be read allows nobody.
    fn comes_from(&self, request: &HttpRequest, networks: &[String]) -> bool {
        let Some(address) = self.address(request) else { return false };
        networks.iter().any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address)))
    }

    /// Behind proxies, the address that the outermost trusted one saw; what stands further left was written by the caller.
    fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr().map(|peer| peer.ip());
        if self.trusted_hops == 0 {
            return peer;
        }
        let forwarded = request.headers().get("x-forwarded-for")?.to_str().ok()?;
        let hops: Vec<&str> = forwarded.split(',').map(str::trim).collect();
        hops.get(hops.len().checked_sub(self.trusted_hops)?)?.parse().ok()
    }
}

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
