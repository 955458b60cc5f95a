//! What a person who writes without an account gives: something to be found by, and their words.

use kernel::{Email, Phone};
use serde::{Deserialize, Serialize};
use web::Problem;

/// Longest message, in characters.
pub const LONGEST_MESSAGE: usize = 4000;

/// What somebody is to be found by. Sealed before it is kept; the text is kept as given, so that the tenant can answer.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Identifiers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
}

impl Identifiers {
    /// Checks what was sent.
    ///
    /// # Errors
    /// Names the field; repeats nothing.
    pub fn checked(email: Option<&str>, telephone: Option<&str>) -> Result<Self, Problem> {
        let trimmed = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (email, telephone) = (trimmed(email), trimmed(telephone));
        if email.as_ref().is_some_and(|email| email.parse::<Email>().is_err()) {
            return Err(Problem::invalid("/email", "invalid-email", "This is no e-mail address."));
        }
        if telephone.as_ref().is_some_and(|telephone| Phone::parse(telephone, None).is_err()) {
            return Err(Problem::invalid("/telephone", "invalid-telephone", "This is no telephone number."));
        }
        if email.is_none() && telephone.is_none() {
            return Err(Problem::invalid("/email", "missing-identifier", "An e-mail address or a telephone number is needed."));
        }
        Ok(Self { email, telephone })
    }
}

/// Checks a message.
///
/// # Errors
/// It is too long, or holds a card number.
pub fn message(text: Option<&str>) -> Result<Option<String>, Problem> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_MESSAGE) {
        return Err(Problem::invalid("/message", "too-long", "At most 4000 characters."));
    }
    if text.is_some_and(kernel::holds_card_number) {
        return Err(Problem::invalid("/message", "card-number", "Payment card numbers are not taken, in no field."));
    }
    Ok(text.map(str::to_owned))
}
