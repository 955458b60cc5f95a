//! How a record is shown.

use crate::domain::receipt::effective_by;
use crate::store::records::Record;
use kernel::{ConsentId, ReceiptId, SubjectId, Timestamp};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// What was recorded, and when it holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentView {
    pub id: ConsentId,
    pub subject_id: SubjectId,
    pub purpose: String,
    /// `given`, `refused`, `withdrawn` or `objected`.
    pub said: String,
    pub method: String,
    /// BCP 47.
    pub language: String,
    pub text_version: String,
    #[schema(value_type = String, format = DateTime)]
    pub collected_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
    /// No decision after this moment is made on the state before.
    #[schema(value_type = String, format = DateTime)]
    pub effective_by: Timestamp,
    pub receipt_id: ReceiptId,
    /// Which services have said since when they decide by it; on a single record only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Vec<Acknowledgement>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Acknowledgement {
    pub service: String,
    #[schema(value_type = String, format = DateTime)]
    pub applied_at: Timestamp,
}

impl ConsentView {
    pub fn new(record: &Record, lease: Duration) -> Self {
        let recorded_at = record.recorded_at.to_jiff();
        Self {
            id: record.id.into(),
            subject_id: record.subject_id.into(),
            purpose: record.purpose.clone(),
            said: record.stance.clone(),
            method: record.method.clone(),
            language: record.language.clone(),
            text_version: record.text_version.clone(),
            collected_at: record.collected_at.to_jiff(),
            recorded_at,
            effective_by: effective_by(recorded_at, lease),
            receipt_id: record.receipt_id.into(),
            acknowledged: None,
        }
    }
}
