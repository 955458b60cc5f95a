//! The receipt a person can keep: what was recorded, signed, in the fields of ISO/IEC TS 27560.

use super::statement::Statement;
use kernel::{ConsentId, ReceiptId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The version of the receipt's fields.
pub const SCHEMA: &str = "mxtr-receipt/1";

/// A receipt; its signed form is a compact JWS with these fields as payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Always `mxtr-receipt/1`.
    pub schema_version: String,
    pub receipt_id: ReceiptId,
    pub record_id: ConsentId,
    /// The person, by the random id that the controller's platform gave them.
    pub pii_principal_id: kernel::SubjectId,
    /// The controller: the tenant on whose behalf it was recorded.
    pub controller_id: TenantId,
    pub purpose: String,
    /// GDPR 6(1).
    pub lawful_basis: privacy::Basis,
    /// What was said: `given`, `refused`, `withdrawn` or `objected`.
    pub event: String,
    pub method: String,
    /// BCP 47.
    pub language: String,
    pub text_version: String,
    /// SHA-256 of the words that were shown, in hex.
    pub text_sha256: Option<String>,
    /// The platform's policy in force.
    pub policy_version: String,
    /// The controller's own privacy policy.
    pub privacy_notice: Option<String>,
    /// ISO 3166-1, the controller's.
    pub jurisdiction: Option<String>,
    /// Nobody: a recorded consent is passed on to no one.
    pub recipient_third_parties: Vec<String>,
    /// How long the record is kept, as the policy names it.
    pub retention: String,
    #[schema(value_type = String, format = DateTime)]
    pub collected_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// From then on nothing is decided on the state before.
    #[schema(value_type = String, format = DateTime)]
    pub effective_by: Timestamp,
}

/// What a receipt says beyond the statement.
#[derive(Clone, Debug)]
pub struct Circumstances {
    pub tenant: TenantId,
    pub record: ConsentId,
    pub receipt: ReceiptId,
    pub privacy_notice: Option<String>,
    pub jurisdiction: Option<String>,
    pub recorded_at: Timestamp,
    pub effective_by: Timestamp,
}

impl Receipt {
    pub fn new(statement: &Statement, at: &Circumstances) -> Self {
        Self {
            schema_version: SCHEMA.to_owned(),
            receipt_id: at.receipt,
            record_id: at.record,
            pii_principal_id: statement.subject,
            controller_id: at.tenant,
            purpose: statement.purpose.name().to_owned(),
            lawful_basis: statement.purpose.basis(),
            event: statement.said.name().to_owned(),
            method: statement.method.name().to_owned(),
            language: statement.wording.language.clone(),
            text_version: statement.wording.version.clone(),
            text_sha256: statement.wording.sha256.map(hex::encode),
            policy_version: privacy::bundle().version.to_owned(),
            privacy_notice: at.privacy_notice.clone(),
            jurisdiction: at.jurisdiction.clone(),
            recipient_third_parties: Vec::new(),
            retention: "relationship".to_owned(),
            collected_at: statement.collected_at,
            recorded_at: at.recorded_at,
            effective_by: at.effective_by,
        }
    }
}

/// The end of the lease within which every service has heard, or refuses to decide.
pub fn effective_by(recorded_at: Timestamp, lease: std::time::Duration) -> Timestamp {
    recorded_at.checked_add(lease).unwrap_or(recorded_at)
}
