//! Fields of a contact as a caller sends them.

use crate::domain::fields::{EmployeeBand, LONGEST_TEXT, Values, language, time_zone, website};
use crate::domain::import::layout::{InvalidMapping, custom_name};
use kernel::Phone;
use privacy::{Category, CategorySet};
use serde::Deserialize;
use std::collections::BTreeMap;
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
        let mut parse = |pointer: &str, code: &str, detail: &str, sent: bool, fits: bool| {
            if sent && !fits {
                faults.add(pointer, code, detail);
            }
        };
        let email = self.email.as_deref().map(str::parse);
        parse("/email", "invalid-email", "This is no e-mail address (RFC 5321).", email.is_some(), matches!(email, Some(Ok(_))));
        let telephone = self.telephone.as_deref().map(|text| Phone::parse(text, None));
        parse("/telephone", "invalid-telephone", "This is no telephone number.", telephone.is_some(), matches!(telephone, Some(Ok(_))));
        let band = self.employee_count.as_deref().map(EmployeeBand::parse);
        parse(
            "/employee_count",
            "invalid-employee-count",
            "A number, or a band such as 11-50.",
            band.is_some(),
            matches!(band, Some(Some(_))),
        );
        let spoken = self.language.as_deref().map(language);
        parse("/language", "invalid-language", "This is no language tag (BCP 47).", spoken.is_some(), matches!(spoken, Some(Some(_))));
        let zone = self.time_zone.as_deref().map(time_zone);
        parse("/time_zone", "invalid-time-zone", "This is no IANA time zone.", zone.is_some(), matches!(zone, Some(Some(_))));
        let site = self.website_url.as_deref().map(website);
        parse("/website_url", "invalid-website", "This is no absolute http(s) address.", site.is_some(), matches!(site, Some(Some(_))));
        match faults.0 {
            Some(problem) => Err(problem),
            None => Ok(Values {
                email: email.and_then(Result::ok),
                telephone: telephone.and_then(Result::ok),
                first_name: self.first_name,
                last_name: self.last_name,
                company_name: self.company_name,
                company_address: self.company_address,
                website_url: site.flatten(),
                employee_band: band.flatten(),
                language: spoken.flatten(),
                time_zone: zone.flatten(),
                notes: self.notes,
                custom: self.custom.unwrap_or_default(),
            }),
        }
    }
}
