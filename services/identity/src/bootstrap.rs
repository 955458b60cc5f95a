//! The first start: the platform's own tenant, and its administrator's key, of which identity only ever hears the hash.

use crate::Config;
use crate::domain::api_key::{ApiKey, Label};
use crate::domain::grant::Terms;
use crate::domain::tenant::{
    ChosenServices, Jurisdiction, PolicyUrl, PolicyVersion, Tenant, TenantName, TenantSays, TenantState, TimeZoneName,
};
use crate::error::Error;
use crate::store::acts::{self, Kind};
use crate::store::{api_keys, tenants};
use anyhow::Context as _;
use bus::View;
use db::{Db, TenantTx};
use events::identity::Principal;
use kernel::{PrincipalId, TenantId, Timestamp};
use privacy::{Role, bundle};
use serde::Deserialize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait for a database that is away.
const AGAIN: Duration = Duration::from_millis(500);

/// What the administrator's key file says: its secret never comes here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminKeyFile {
    key_id: PrincipalId,
    /// Hex.
    secret_sha256: String,
}

/// The house and its first key, as they have to be there.
pub struct Bootstrap {
    house: TenantSays,
    admin: Option<(PrincipalId, [u8; 32])>,
    done: AtomicBool,
}

impl Bootstrap {
    /// # Errors
    /// A setting of the house is not what it has to be, or the key file cannot be read.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let url = match &config.house_privacy_policy_url {
            Some(url) => PolicyUrl::try_from(url.clone()).context("house_privacy_policy_url")?,
            // Our own page, wherever we are served.
            None => PolicyUrl::stored(format!("{}/v1/policy", config.common.issuer.trim_end_matches('/'))),
        };
        let house = TenantSays {
            name: TenantName::try_from(config.house_name.clone()).context("house_name")?,
            privacy_policy_url: url,
            privacy_policy_version: PolicyVersion::try_from(bundle().version.to_owned())?,
            time_zone: TimeZoneName::try_from(config.house_time_zone.clone()).context("house_time_zone")?,
            jurisdiction: Jurisdiction::try_from(config.house_jurisdiction.clone()).context("house_jurisdiction")?,
            chosen_services: ChosenServices::all(),
        };
        let admin = config.bootstrap_admin_key_file.as_deref().map(admin_key).transpose()?;
        Ok(Self { house, admin, done: AtomicBool::new(false) })
    }

    /// What keeps the service from being ready: until everybody can hear of the house and its key, its administrator would be nobody.
    ///
    /// # Errors
    /// They are not there yet, or not told yet.
    pub fn is_done(&self, tenants: &View<events::identity::Tenant>, keys: &View<Principal>) -> Result<(), String> {
        let made = self.done.load(Ordering::Acquire);
        let told = tenants.get(TenantId::HOUSE.as_bytes()).is_some() && self.admin.is_none_or(|(id, _)| keys.get(id.as_bytes()).is_some());
        (made && told).then_some(()).ok_or_else(|| "the house is not there yet".to_owned())
    }

    /// Makes what is missing, as soon as the database is there. A crash leaves all of it or nothing; the next start finds out which.
    pub async fn run(&self, db: &Db, stop: &CancellationToken) {
        while let Err(cause) = self.make(db).await {
            tracing::warn!(cause = %chain(&cause), "the house cannot be made yet");
            if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
                return;
            }
        }
        self.done.store(true, Ordering::Release);
    }

    async fn make(&self, db: &Db) -> Result<(), Error> {
        db.tx(TenantId::HOUSE, "identity.bootstrap", async |tx: &mut TenantTx| {
            let now = tx.clock().now();
            if tenants::insert(tx, &self.house(now)).await? {
                acts::record(tx, None, Kind::TenantCreated, TenantId::HOUSE.uuid());
            }
            if let Some((id, secret_sha256)) = self.admin
                && api_keys::insert(tx, &first_key(TenantId::HOUSE, id, secret_sha256, Role::HOUSE_ADMIN, now)).await?
            {
                acts::record(tx, None, Kind::KeyCreated, id.uuid());
            }
            Ok(())
        })
        .await
    }

    fn house(&self, now: Timestamp) -> Tenant {
        Tenant { id: TenantId::HOUSE, version: 1, state: TenantState::Active, says: self.house.clone(), created_at: now, changed_at: now }
    }
}

/// A tenant's first key: all that its role allows.
pub fn first_key(tenant: TenantId, id: PrincipalId, secret_sha256: [u8; 32], role: Role, now: Timestamp) -> ApiKey {
    ApiKey {
        id,
        tenant,
        version: 1,
        label: Label::default(),
        terms: Terms::of_role(role),
        secret_sha256,
        revoked_at: None,
        created_by: None,
        replaces: None,
        created_at: now,
        changed_at: now,
    }
}

fn admin_key(file: &Path) -> anyhow::Result<(PrincipalId, [u8; 32])> {
    let text = std::fs::read_to_string(file).context("the administrator's key file cannot be read")?;
    let file: AdminKeyFile = serde_json::from_str(&text).context("the administrator's key file is not what it should be")?;
    let hash = hex::decode(file.secret_sha256).ok().and_then(|hash| hash.try_into().ok());
    Ok((file.key_id, hash.context("the administrator's key file holds no SHA-256 in hex")?))
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
