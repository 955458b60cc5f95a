//! E-mail addresses, parsed at the door.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use email_address::{EmailAddress, Options};
use serde::Deserialize;

/// The longest address: a path of 256 octets less its angle brackets (RFC 5321 §4.5.3.1.3).
const LONGEST: usize = 254;

/// An e-mail address that RFC 5321 (with RFC 6531's letters) allows. A host name without a dot is allowed, as there.
///
/// Cannot be printed or serialised: whoever needs the text says [`as_given`](Self::as_given) or [`matching`](Self::matching).
#[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Email {
    as_given: String,
    matching: String,
}

/// The text is not an address that RFC 5321 allows. Says nothing of the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address that RFC 5321 allows")]
pub struct InvalidEmail;

impl Email {
    /// As the person wrote it, without white space around it.
    pub fn as_given(&self) -> &str {
        &self.as_given
    }

    /// In lower case: two addresses are the same person's when these are equal.
    pub fn matching(&self) -> &str {
        &self.matching
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;
    fn from_str(raw: &str) -> Result<Self, InvalidEmail> {
        let raw = raw.trim();
        let options = Options::default().without_display_text();
        EmailAddress::parse_with_options(raw, options).map_err(|_| InvalidEmail)?;
        let (_, host) = raw.rsplit_once('@').ok_or(InvalidEmail)?;
        if raw.len() > LONGEST || !valid_host(host) {
            return Err(InvalidEmail);
        }
        Ok(Self { as_given: raw.into(), matching: raw.to_lowercase() })
    }
}

/// What the library lets through and RFC 5321 §4.1.2 does not: signs in a host name, literals that are no address.
fn valid_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(literal) => match literal.get(..5) {
            Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => literal[5..].parse::<Ipv6Addr>().is_ok(),
            _ => literal.parse::<Ipv4Addr>().is_ok(),
        },
        None => host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.' || !c.is_ascii()),
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;
    fn try_from(raw: String) -> Result<Self, InvalidEmail> {
        raw.parse()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::PartialSchema for Email {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
            .max_length(Some(LONGEST))
            .into()
    }
}

#[cfg(feature = "utoipa")]
impl utoipa::ToSchema for Email {}
