//! Puts a provider's assurance on record.

use super::{Desk, ImportContacts};
use crate::acts::{self, About, Kind};
use crate::error::{Error, Result};
use crate::store::attestations::{self, Attestation};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use db::TenantTx;
use jiff::civil::Date;
use jiff_diesel::ToDiesel as _;
use kernel::{AttestationId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::idempotency::{IdempotencyKey, replay};
use web::{Caller, Problem, ValidJson, access_limit};

/// What a provider signed: that the people agreed to collection, and perhaps to sharing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAttestation {
    /// The provider, as a word: letters, digits and hyphens, at most 60.
    #[schema(example = "acme-data")]
    provider: String,
    /// SHA-256 of the signed document, in hex.
    document_sha256: String,
    /// Without it nothing may be imported on its ground.
    covers_collection: bool,
    /// Without it what is imported may be shared with nobody.
    covers_sharing: bool,
    #[schema(value_type = String, format = Date)]
    signed_on: Date,
    #[schema(value_type = Option<String>, format = Date)]
    expires_on: Option<Date>,
}

#[derive(Serialize, ToSchema)]
pub struct AttestationView {
    pub id: AttestationId,
    pub provider: String,
    pub covers_collection: bool,
    pub covers_sharing: bool,
}

impl From<Attestation> for AttestationView {
    fn from(attestation: Attestation) -> Self {
        Self {
            id: attestation.id.into(),
            provider: attestation.provider,
            covers_collection: attestation.covers_collection,
            covers_sharing: attestation.covers_sharing,
        }
    }
}

/// Records an assurance; an import from a provider names it.
#[utoipa::path(tag = "imports", request_body = NewAttestation, params(IdempotencyKey), extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])),
    responses((status = 201, body = AttestationView), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/attestations")]
pub async fn create_attestation(
    caller: Caller<ImportContacts>,
    key: IdempotencyKey,
    desk: Data<Desk>,
    body: ValidJson<NewAttestation>,
) -> Result<HttpResponse> {
    let made = body.value.made(&desk, caller.tenant())?;
    let (attestation, replayed) = desk
        .db
        .tx(caller.tenant(), "attestations.create", async |tx: &mut TenantTx| {
            if let Some(before) = key.claim(tx, &body.raw).await? {
                let id = before.resource.ok_or(Error::NotFound)?;
                return Ok((attestations::find(tx, id).await?.ok_or(Error::NotFound)?, true));
            }
            attestations::insert(tx, &made).await?;
            acts::record(tx, caller.principal(), Kind::AttestationCreated, &About::Object(made.id), &[]);
            key.finish(tx, 201, Some(made.id)).await?;
            Ok::<_, Error>((made.clone(), false))
        })
        .await?;
    let mut response = HttpResponse::Created();
    replay(&mut response, replayed);
    Ok(response.json(AttestationView::from(attestation)))
}

impl NewAttestation {
    /// The row, where everything in it is what it should be.
    fn made(&self, desk: &Desk, tenant: TenantId) -> std::result::Result<Attestation, Problem> {
        let is_word = |text: &str| (1..=60).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_word(&self.provider) {
            return Err(Problem::invalid("/provider", "invalid-provider", "Letters, digits and hyphens, at most 60."));
        }
        let hash = hex::decode(&self.document_sha256).ok().filter(|hash| hash.len() == 32);
        let hash = hash.ok_or_else(|| Problem::invalid("/document_sha256", "invalid-hash", "This is no SHA-256 in hex."))?;
        let clock = desk.db.clock();
        Ok(Attestation {
            tenant_id: tenant.uuid(),
            id: AttestationId::new(clock).uuid(),
            provider: self.provider.clone(),
            document_sha256: hash,
            covers_collection: self.covers_collection,
            covers_sharing: self.covers_sharing,
            signed_on: self.signed_on.to_diesel(),
            expires_on: self.expires_on.map(jiff_diesel::ToDiesel::to_diesel),
            created_at: clock.now().to_diesel(),
        })
    }
}
