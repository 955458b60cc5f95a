//! Telephone numbers: kept as given, and in E.164 when they are valid.

use std::fmt::{self, Write as _};

use phonenumber::country;

/// The longest number that is looked at for E.164; anything longer is kept as given.
const LONGEST: usize = 64;

/// A telephone number as people wrote it and, where it is a valid number, in E.164.
///
/// Cannot be printed or serialised: whoever needs the text says [`as_given`](Self::as_given) or [`e164`](Self::e164).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    as_given: String,
    e164: Option<String>,
}

/// A telephone number without a digit is none: `ask Bob`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number needs a digit")]
pub struct NoDigits;

impl Phone {
    /// Takes what somebody wrote. `default_country` (ISO 3166-1 alpha-2, any case) is where a number without a `+` is dialled;
    /// without it only international numbers get their E.164. What is no valid number is kept as given.
    ///
    /// # Errors
    /// [`NoDigits`] when there is no decimal digit in it.
    pub fn parse(raw: &str, default_country: Option<&str>) -> Result<Self, NoDigits> {
        let raw = raw.trim();
        if !raw.contains(|c: char| c.is_ascii_digit() || ('０'..='９').contains(&c)) {
            return Err(NoDigits);
        }
        Ok(Self { as_given: raw.into(), e164: e164(raw, default_country) })
    }

    /// As written, without white space around it, with its extension.
    pub fn as_given(&self) -> &str {
        &self.as_given
    }

    /// `+`, country code, number (ITU-T E.164, at most 15 digits), without an extension; `None` when it is not a valid number.
    pub fn e164(&self) -> Option<&str> {
        self.e164.as_deref()
    }
}

fn e164(raw: &str, default_country: Option<&str>) -> Option<String> {
    if raw.len() > LONGEST {
        return None;
    }
    let country = default_country.and_then(|code| code.to_ascii_uppercase().parse::<country::Id>().ok());
    let number = phonenumber::parse(country, raw).ok().filter(phonenumber::PhoneNumber::is_valid)?;
    let mut text = String::with_capacity(16);
    write!(text, "+{}{}", number.code().value(), number.national()).ok()?;
    Some(text)
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}
