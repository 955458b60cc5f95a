//! Layouts: what other programs call their columns.

use crate::domain::fields::Field;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a column of the file is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// One of our fields.
    Field(Field),
    /// Kept under this name among the contact's custom fields.
    Custom(String),
    /// Left out: not even staged.
    Ignored,
}

/// Which column is which field, in the order of the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping(pub Vec<Column>);

/// Why a mapping cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMapping {
    #[error("it does not name every column of the file once")]
    Columns,
    #[error("two columns are mapped to the same field")]
    Twice,
    #[error("neither an e-mail address nor a telephone number is mapped")]
    NoIdentifier,
    #[error("the name of a custom field is empty, too long or reserved")]
    CustomName,
    #[error("a custom field is named like special categories of personal data (GDPR 9)")]
    SpecialCategory,
}

/// A layout: its name, and for each column what it is called and which field it fills.
type Layout = (&'static str, &'static [(&'static str, Option<Field>)]);

/// The layouts that are known by their headers.
const LAYOUTS: [Layout; 3] = [
    (
        "plain",
        &[
            ("email", Some(Field::Email)),
            ("first_name", Some(Field::FirstName)),
            ("last_name", Some(Field::LastName)),
            ("company", Some(Field::CompanyName)),
            ("phone", Some(Field::Telephone)),
            ("company_address", Some(Field::CompanyAddress)),
            ("employees", Some(Field::EmployeeCount)),
            ("website", Some(Field::WebsiteUrl)),
            ("language", Some(Field::Language)),
            ("time_zone", Some(Field::TimeZone)),
            ("notes", Some(Field::Notes)),
        ],
    ),
    (
        "mailchimp",
        &[
            ("Email Address", Some(Field::Email)),
            ("First Name", Some(Field::FirstName)),
            ("Last Name", Some(Field::LastName)),
            ("Address", Some(Field::CompanyAddress)),
            ("Phone Number", Some(Field::Telephone)),
            ("Company", Some(Field::CompanyName)),
            ("MEMBER_RATING", None),
            ("OPTIN_TIME", None),
            ("OPTIN_IP", None),
            ("CONFIRM_TIME", None),
            ("CONFIRM_IP", None),
            ("GMTOFF", None),
            ("TIMEZONE", Some(Field::TimeZone)),
            ("CC", None),
            ("REGION", None),
            ("LAST_CHANGED", None),
            ("LEID", None),
            ("EUID", None),
            ("NOTES", Some(Field::Notes)),
            ("TAGS", None),
        ],
    ),
    (
        "google",
        &[
            ("First Name", Some(Field::FirstName)),
            ("Middle Name", None),
            ("Last Name", Some(Field::LastName)),
            ("Organization Name", Some(Field::CompanyName)),
            ("Organization Title", None),
            ("Notes", Some(Field::Notes)),
            ("Labels", None),
            ("E-mail 1 - Label", None),
            ("E-mail 1 - Value", Some(Field::Email)),
            ("E-mail 2 - Label", None),
            ("E-mail 2 - Value", None),
            ("Phone 1 - Label", None),
            ("Phone 1 - Value", Some(Field::Telephone)),
            ("Address 1 - Label", None),
            ("Address 1 - Formatted", Some(Field::CompanyAddress)),
            ("Website 1 - Value", Some(Field::WebsiteUrl)),
        ],
    ),
];

/// Names under which special categories travel; such a column needs another ground than an import can declare.
const SPECIAL: [&str; 12] = [
    "religion",
    "health",
    "disability",
    "diagnosis",
    "ethnic",
    "race",
    "political",
    "union",
    "sexual",
    "orientation",
    "genetic",
    "biometric",
];

/// The layout whose header this is, and what its columns are for. Columns without a place are left out;
/// who wants them as custom fields says so with a mapping.
pub fn recognise(header: &[String]) -> Option<(&'static str, Mapping)> {
    LAYOUTS.iter().find_map(|(name, columns)| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        (names == header.iter().map(|cell| cell.trim()).collect::<Vec<_>>())
            .then(|| (*name, Mapping(columns.iter().map(|(_, field)| field.map_or(Column::Ignored, Column::Field)).collect())))
    })
}

/// Whether a column of a layout that is not known is called a telephone's: by a whole word, which `Hotel` and `Telegram` are not.
pub fn is_called_telephone(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| ["phone", "telephone", "tel", "mobile"].contains(&word.to_lowercase().as_str()))
}

/// Whether a custom field may have this name.
///
/// # Errors
/// It is empty, too long, holds a card number, or names a special category.
pub fn custom_name(name: &str) -> Result<(), InvalidMapping> {
    if name.trim().is_empty() || name.len() > 64 || name.chars().any(char::is_control) || kernel::holds_card_number(name) {
        return Err(InvalidMapping::CustomName);
    }
    if SPECIAL.iter().any(|special| name.to_lowercase().contains(special)) { Err(InvalidMapping::SpecialCategory) } else { Ok(()) }
}

impl Mapping {
    /// A mapping that names every column of the header.
    pub fn new(header: &[String], given: &BTreeMap<String, Column>) -> Result<Self, InvalidMapping> {
        if given.len() != header.len() {
            return Err(InvalidMapping::Columns);
        }
        let columns: Option<Vec<Column>> = header.iter().map(|name| given.get(name).cloned()).collect();
        let mapping = Self(columns.ok_or(InvalidMapping::Columns)?);
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), InvalidMapping> {
        let fields: Vec<Field> =
            self.0.iter().filter_map(|column| if let Column::Field(field) = column { Some(*field) } else { None }).collect();
        let mut distinct = fields.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != fields.len() {
            return Err(InvalidMapping::Twice);
        }
        if !fields.contains(&Field::Email) && !fields.contains(&Field::Telephone) {
            return Err(InvalidMapping::NoIdentifier);
        }
        let mut names: Vec<&str> =
            self.0.iter().filter_map(|column| if let Column::Custom(name) = column { Some(name.as_str()) } else { None }).collect();
        names.iter().try_for_each(|name| custom_name(name))?;
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() == count { Ok(()) } else { Err(InvalidMapping::Twice) }
    }

    /// The column of a field.
    pub fn position(&self, field: Field) -> Option<usize> {
        self.0.iter().position(|column| *column == Column::Field(field))
    }
}
