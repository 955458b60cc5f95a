//! Fields of a contact as a caller sends them.

use crate::domain::blobs::{Blobs, BusinessBlob, ImportedBlob, PersonalBlob};
use crate::domain::fields::{EmployeeBand, LONGEST_TEXT, Values, language, time_zone, website};
use crate::domain::import::layout::{InvalidMapping, custom_name};
use kernel::Phone;
use privacy::{Category, CategorySet};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use web::Problem;

/// At least an e-mail address or a telephone number, when a contact is made.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fields {
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    #[schema(example = "+49 30 1234567")]
    pub telephone: Option<String>,
    pub company_address: Option<String>,
    /// A number or a band such as `11-50`.
    pub employee_count: Option<String>,
    pub website_url: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// IANA.
    pub time_zone: Option<String>,
    pub notes: Option<String>,
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    pub custom: Option<BTreeMap<String, String>>,
}

/// What is said of a value that does not fit its field: pointer, code, detail.
type Misfit = (&'static str, &'static str, &'static str);

const EMAIL: Misfit = ("/email", "invalid-email", "This is no e-mail address (RFC 5321).");
const TELEPHONE: Misfit = ("/telephone", "invalid-telephone", "This is no telephone number.");
const EMPLOYEE_COUNT: Misfit = ("/employee_count", "invalid-employee-count", "A number, or a band such as 11-50.");
const LANGUAGE: Misfit = ("/language", "invalid-language", "This is no language tag (BCP 47).");
const TIME_ZONE: Misfit = ("/time_zone", "invalid-time-zone", "This is no IANA time zone.");
const WEBSITE: Misfit = ("/website_url", "invalid-website", "This is no absolute http(s) address.");

/// Collects faults, so that a caller hears of all of them at once.
#[derive(Default)]
struct Faults(Option<Problem>);

impl Faults {
    fn add(&mut self, pointer: &str, code: &str, detail: &str) {
        self.0 = Some(match self.0.take() {
            Some(problem) => problem.and(pointer, code, detail),
            None => Problem::invalid(pointer, code, detail),
        });
    }

    /// What was sent, parsed; a fault when it does not fit.
    fn parsed<T>(&mut self, (pointer, code, detail): Misfit, sent: Option<&str>, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = parse(sent?);
        if value.is_none() {
            self.add(pointer, code, detail);
        }
        value
    }

    fn text(&mut self, name: &str, text: Option<&String>) {
        let Some(text) = text else { return };
        if text.len() > LONGEST_TEXT {
            self.add(&format!("/{name}"), "too-long", "At most 32 KiB.");
        }
        if kernel::holds_card_number(text) {
            self.add(&format!("/{name}"), "card-number", "Payment card numbers are not taken, in no field.");
        }
    }

    fn custom_name(&mut self, name: &str) {
        match custom_name(name) {
            Ok(()) => {}
            Err(InvalidMapping::SpecialCategory) => {
                self.add("/custom", "special-category", "A custom field is named like special categories of personal data (GDPR 9).");
            }
            Err(_) => self.add("/custom", "custom-name", "The name of a custom field has 1 to 64 characters and holds no card number."),
        }
    }
}

impl Fields {
    /// The categories of the fields that were sent.
    pub fn categories(&self) -> CategorySet {
        let any = |fields: &[&Option<String>]| fields.iter().any(|field| field.is_some());
        [
            (Category::Personal, any(&[&self.email, &self.first_name, &self.last_name, &self.company_name, &self.telephone])),
            (Category::Business, any(&[&self.company_address, &self.employee_count, &self.website_url])),
            (Category::Preferences, any(&[&self.language, &self.time_zone])),
            (Category::Imported, self.notes.is_some() || self.custom.is_some()),
        ]
        .into_iter()
        .filter_map(|(category, sent)| sent.then_some(category))
        .collect()
    }

    /// The values, or every fault there is.
    pub fn values(self) -> Result<Values, Problem> {
        let mut faults = Faults::default();
        self.screen(&mut faults);
        let values = Values {
            email: faults.parsed(EMAIL, self.email.as_deref(), |text| text.parse().ok()),
            telephone: faults.parsed(TELEPHONE, self.telephone.as_deref(), |text| Phone::parse(text, None).ok()),
            employee_band: faults.parsed(EMPLOYEE_COUNT, self.employee_count.as_deref(), EmployeeBand::parse),
            language: faults.parsed(LANGUAGE, self.language.as_deref(), language),
            time_zone: faults.parsed(TIME_ZONE, self.time_zone.as_deref(), time_zone),
            website_url: faults.parsed(WEBSITE, self.website_url.as_deref(), website),
            first_name: self.first_name,
            last_name: self.last_name,
            company_name: self.company_name,
            company_address: self.company_address,
            notes: self.notes,
            custom: self.custom.unwrap_or_default(),
        };
        faults.0.map_or(Ok(values), Err)
    }

    /// What no text may be, whatever its field: too long, or a card's number.
    fn screen(&self, faults: &mut Faults) {
        let texts = [
            ("email", &self.email),
            ("first_name", &self.first_name),
            ("last_name", &self.last_name),
            ("company_name", &self.company_name),
            ("company_address", &self.company_address),
            ("website_url", &self.website_url),
            ("notes", &self.notes),
        ];
        for (name, text) in texts {
            faults.text(name, text.as_ref());
        }
        for text in self.custom.iter().flat_map(BTreeMap::values) {
            faults.text("custom", Some(text));
        }
        for name in self.custom.iter().flat_map(BTreeMap::keys) {
            faults.custom_name(name);
        }
    }
}

/// The fields that were sent as `null`: a change makes them blank.
pub struct Blanked(BTreeSet<String>);

impl Blanked {
    /// Reads a body that has been read as [`Fields`], to which `null` and nothing are the same.
    pub fn of(body: &[u8]) -> Self {
        let sent: BTreeMap<String, Option<IgnoredAny>> = serde_json::from_slice(body).unwrap_or_default();
        Self(sent.into_iter().filter_map(|(name, value)| value.is_none().then_some(name)).collect())
    }

    /// What was there, unless it is to be blank.
    pub fn keep<T>(&self, name: &str, there: Option<T>) -> Option<T> {
        there.filter(|_| !self.0.contains(name))
    }

    pub fn categories(&self) -> CategorySet {
        let category = |name: &String| match name.as_str() {
            "company_address" | "employee_count" | "website_url" => Category::Business,
            "language" | "time_zone" => Category::Preferences,
            "notes" | "custom" => Category::Imported,
            _ => Category::Personal,
        };
        self.0.iter().map(category).collect()
    }

    /// What was there of the fields that are sealed, without those that are to be blank.
    pub fn kept(&self, there: Blobs) -> Blobs {
        let Blobs { personal, business, imported } = there;
        Blobs {
            personal: PersonalBlob {
                email: self.keep("email", personal.email),
                first_name: self.keep("first_name", personal.first_name),
                last_name: self.keep("last_name", personal.last_name),
                company_name: self.keep("company_name", personal.company_name),
                telephone: self.keep("telephone", personal.telephone),
                telephone_e164: self.keep("telephone", personal.telephone_e164),
            },
            business: BusinessBlob {
                company_address: self.keep("company_address", business.company_address),
                website_url: self.keep("website_url", business.website_url),
            },
            imported: ImportedBlob {
                notes: self.keep("notes", imported.notes),
                custom: self.keep("custom", Some(imported.custom)).unwrap_or_default(),
            },
        }
    }
}
