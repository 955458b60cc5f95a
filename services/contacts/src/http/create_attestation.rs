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
use kernel::AttestationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
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

/// Records an assurance; an import from a provider names it.
#[utoipa::path(tag = "imports", request_body = NewAttestation, extensions(("x-access-limit" = json!(access_limit::<ImportContacts>()))), security(("bearer" = [])),
    responses((status = 201, body = AttestationView), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
#[post("/v1/attestations")]
pub async fn create_attestation(caller: Caller<ImportContacts>, desk: Data<Desk>, body: ValidJson<NewAttestation>) -> Result<HttpResponse> {
    let new = body.value;
    let is_word = (1..=60).contains(&new.provider.len()) && new.provider.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_word {
        return Err(Problem::invalid("/provider", "invalid-provider", "Letters, digits and hyphens, at most 60.").into());
    }
    let hash = hex::decode(&new.document_sha256).ok().filter(|hash| hash.len() == 32);
    let hash = hash.ok_or_else(|| Problem::invalid("/document_sha256", "invalid-hash", "This is no SHA-256 in hex."))?;
    let clock = desk.db.clock();
    let attestation = Attestation {
        tenant_id: caller.tenant().uuid(),
        id: AttestationId::new(clock).uuid(),
        provider: new.provider,
        document_sha256: hash,
        covers_collection: new.covers_collection,
        covers_sharing: new.covers_sharing,
        signed_on: new.signed_on.to_diesel(),
        expires_on: new.expires_on.map(jiff_diesel::ToDiesel::to_diesel),
        created_at: clock.now().to_diesel(),
    };
    desk.db
        .tx(caller.tenant(), "attestations.create", async |tx: &mut TenantTx| {
            attestations::insert(tx, &attestation).await?;
            acts::record(tx, caller.principal(), Kind::AttestationCreated, &About::Object(attestation.id), &[]);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(HttpResponse::Created().json(AttestationView {
        id: attestation.id.into(),
        provider: attestation.provider,
        covers_collection: attestation.covers_collection,
        covers_sharing: attestation.covers_sharing,
    }))
}
