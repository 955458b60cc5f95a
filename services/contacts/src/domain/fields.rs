//! The fields of a contact: parsed at the door, sealed by category.

use kernel::{Email, Phone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest text a field may hold, in bytes.
pub const LONGEST_TEXT: usize = 32 * 1024;

/// A field of a contact that an import can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Email,
    FirstName,
    LastName,
    CompanyName,
    Telephone,
    CompanyAddress,
    EmployeeCount,
    WebsiteUrl,
    Language,
    TimeZone,
    Notes,
}

impl Field {
    pub const ALL: [Self; 11] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::CompanyName,
        Self::Telephone,
        Self::CompanyAddress,
        Self::EmployeeCount,
        Self::WebsiteUrl,
        Self::Language,
        Self::TimeZone,
        Self::Notes,
    ];

    /// Its name in JSON and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::CompanyName => "company_name",
            Self::Telephone => "telephone",
            Self::CompanyAddress => "company_address",
            Self::EmployeeCount => "employee_count",
            Self::WebsiteUrl => "website_url",
            Self::Language => "language",
            Self::TimeZone => "time_zone",
            Self::Notes => "notes",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// How many people work in an organisation: a band, never a list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum EmployeeBand {
    #[serde(rename = "1-10")]
    UpTo10,
    #[serde(rename = "11-50")]
    UpTo50,
    #[serde(rename = "51-200")]
    UpTo200,
    #[serde(rename = "201-500")]
    UpTo500,
    #[serde(rename = "501-1000")]
    UpTo1000,
    #[serde(rename = "1001-5000")]
    UpTo5000,
    #[serde(rename = "5001+")]
    Over5000,
}

impl EmployeeBand {
    const ALL: [(Self, &'static str, u64); 7] = [
        (Self::UpTo10, "1-10", 10),
        (Self::UpTo50, "11-50", 50),
        (Self::UpTo200, "51-200", 200),
        (Self::UpTo500, "201-500", 500),
        (Self::UpTo1000, "501-1000", 1000),
        (Self::UpTo5000, "1001-5000", 5000),
        (Self::Over5000, "5001+", u64::MAX),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(band, ..)| *band == self).map_or("", |(_, name, _)| name)
    }

    /// The band of a number or of a band's name; nothing for anything else, above all not for names of people.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((band, ..)) = Self::ALL.iter().find(|(_, name, _)| *name == text) {
            return Some(*band);
        }
        let number: u64 = text.parse().ok().filter(|number| *number > 0)?;
        Self::ALL.iter().find(|(.., up_to)| number <= *up_to).map(|(band, ..)| *band)
    }
}

/// A language tag that is well formed (RFC 5646): kept as given.
pub fn language(text: &str) -> Option<String> {
    let text = text.trim();
    let mut parts = text.split('-');
    let primary = parts.next().filter(|tag| (2..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    let well_formed = parts.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    (well_formed && !primary.is_empty() && text.len() <= 35).then(|| text.to_owned())
}

/// The name of a time zone in the IANA database.
pub fn time_zone(text: &str) -> Option<String> {
    let text = text.trim();
    jiff::tz::TimeZone::get(text).ok()?.iana_name().map(ToOwned::to_owned)
}

/// An absolute address of a website: `http` or `https`, with a host.
pub fn website(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

/// A contact's values on their way in. Cannot be printed.
#[derive(Clone, Default)]
pub struct Values {
    pub email: Option<Email>,
    pub telephone: Option<Phone>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    pub company_address: Option<String>,
    pub website_url: Option<String>,
    pub employee_band: Option<EmployeeBand>,
    pub language: Option<String>,
    pub time_zone: Option<String>,
    pub notes: Option<String>,
    pub custom: BTreeMap<String, String>,
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values(…)")
    }
}
