//! How contacts are shown: what may be seen, and what is withheld with the reason.

use crate::domain::blobs::Blobs;
use crate::error::Result;
use crate::store::ContactRow;
use kernel::{SubjectId, Timestamp};
use opener::OpenedRow;
use privacy::{Category, CategorySet, Withheld};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What everybody sees who may see the contact at all.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactMeta {
    pub id: SubjectId,
    /// `controller`, or `processor` for what a client imported.
    pub role: String,
    /// One of the policy's sources.
    pub source: String,
    /// Held back for want of an assurance.
    pub quarantined: bool,
    pub version: i64,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A contact.
#[derive(Serialize, ToSchema)]
pub struct ContactView {
    #[serde(flatten)]
    pub meta: ContactMeta,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    telephone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    telephone_e164: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employee_count: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    custom: BTreeMap<String, String>,
    /// What is not shown, and why.
    withheld: Vec<WithheldView>,
}

#[derive(Serialize, ToSchema)]
pub struct WithheldView {
    pub categories: CategorySet,
    #[schema(value_type = String, example = "no-consent")]
    pub reason: Withheld,
}

#[derive(Serialize, ToSchema)]
pub struct Contacts {
    pub data: Vec<ContactView>,
    pub next_cursor: Option<String>,
}

impl From<&ContactRow> for ContactMeta {
    fn from(row: &ContactRow) -> Self {
        Self {
            id: row.id.into(),
            role: row.role.clone(),
            source: row.source.clone(),
            quarantined: row.quarantined,
            version: row.version,
            created_at: row.created_at.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
        }
    }
}

impl ContactView {
    pub fn new(row: &ContactRow, opened: &OpenedRow) -> Result<Self> {
        let Blobs { personal, business, imported } = Blobs::opened(|category| opened.blob(category))?;
        let allowed = opened.decision.allowed();
        let clear = |category: Category, value: &Option<String>| value.clone().filter(|_| allowed.contains(category));
        let withheld =
            opened.decision.withheld().iter().map(|(categories, reason)| WithheldView { categories: *categories, reason: *reason });
        Ok(Self {
            meta: row.into(),
            email: personal.email,
            first_name: personal.first_name,
            last_name: personal.last_name,
            company_name: personal.company_name,
            telephone: personal.telephone,
            telephone_e164: personal.telephone_e164,
            company_address: business.company_address,
            employee_count: clear(Category::Business, &row.employee_band),
            website_url: business.website_url,
            language: clear(Category::Preferences, &row.language),
            time_zone: clear(Category::Preferences, &row.time_zone),
            notes: imported.notes,
            custom: imported.custom,
            withheld: withheld.collect(),
        })
    }
}

/// The views of rows, as far as they were opened; rows of people who are gone have none.
pub fn views(rows: &[ContactRow], opened: &[OpenedRow]) -> Result<Vec<ContactView>> {
    let by_id: BTreeMap<_, _> = opened.iter().map(|row| (row.row, row)).collect();
    rows.iter().filter_map(|row| Some(ContactView::new(row, by_id.get(&row.id)?))).collect()
}
