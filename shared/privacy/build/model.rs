//! `policy.toml` as it is written; `policy/README.md` explains every field.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub version: String,
    pub title: String,
    pub effective_from: String,
    pub text: String,
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    #[serde(rename = "service")]
    pub services: Vec<Service>,
    #[serde(rename = "purpose")]
    pub purposes: Vec<Purpose>,
    #[serde(rename = "retention")]
    pub retentions: Vec<Retention>,
    #[serde(rename = "hold")]
    pub holds: Vec<Hold>,
    #[serde(rename = "role")]
    pub roles: Vec<Role>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub id: String,
    pub title: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    pub says: String,
    pub section: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub name: String,
    pub says: String,
    pub sources: Vec<String>,
    pub roles: Vec<String>,
    pub section: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub name: String,
    pub channel: String,
    pub says: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    pub id: String,
    pub says: String,
    pub basis: String,
    pub objectable: bool,
    pub processor_records: bool,
    pub section: String,
    pub client_service: Option<String>,
    pub citation: Option<String>,
    pub assessment: Option<Assessment>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    pub interest: String,
    pub necessity: String,
    pub balance: String,
    pub reviewed_at: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    pub name: String,
    pub days: Option<u32>,
    pub text: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    pub name: String,
    pub text: String,
    pub citation: String,
    pub categories: Vec<String>,
    pub days: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub name: String,
    pub says: String,
    pub verbs: Vec<String>,
    pub categories: Vec<String>,
    pub purposes: Vec<String>,
}
