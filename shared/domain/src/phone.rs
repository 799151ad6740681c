//! Telephone numbers: what is stored and dialled, and how texts are read as numbers.

mod number;
mod plan;
mod reading;
mod search;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    number::{Number, ServiceNumber},
    reading::{NotDialable, READER, caller, dialable, read, read_all},
    search::{search_digits, search_key},
};

/// A number in E.164 form: `+`, then 7 to 15 digits of which the first is not 0
/// (ITU-T E.164, section 6). Seven is the shortest that any country issues.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("x-visible" = "last_digits"))]
#[schema(value_type = String, pattern = r"^\+[1-9][0-9]{6,14}$", example = "+97233724000")]
pub struct E164(Box<str>);

/// The text is no E.164 number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number (a plus sign and 7 to 15 digits)")]
pub struct NotE164;

impl E164 {
    /// Takes a number that is already in E.164 form, as events and rows hold it. It
    /// repairs nothing and knows no numbering plan; texts from outside go through [`read`].
    pub fn parse(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let well_formed = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed { Ok(Self(text.into())) } else { Err(NotE164) }
    }

    /// The number with its plus sign.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a mobile phone may ring there, whose network answers by itself when its owner does not. Of Israel's
    /// numbers those of the range 5; of other countries' all, for not every plan tells the two apart.
    pub fn may_be_mobile(&self) -> bool {
        self.0.strip_prefix("+972").is_none_or(|national| national.starts_with('5'))
    }

    /// Whether somebody can have this number: [`read`] gives it back unchanged. A stored
    /// number need not be: older releases took every number of the right shape.
    pub fn is_plausible(&self) -> bool {
        matches!(read(&self.0), Some(Number::E164(number)) if number == *self)
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;

    fn try_from(text: String) -> Result<Self, NotE164> {
        Self::parse(&text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> String {
        number.0.into_string()
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Masks a phone number, or whatever was sent in its place, for logs: at most
/// the last three characters stay, and only of a text long enough to hide the rest.
pub fn masked(text: &str) -> String {
    let count = text.chars().count();
    if count < 7 {
        return "***".to_owned();
    }
    let tail: String = text.chars().skip(count - 3).collect();
    format!("***{tail}")
}

/// Callers that Twilio reports in place of a number that is withheld: `anonymous`
/// and the digits that spell it on a keypad (ANONYMOUS, RESTRICTED, BLOCKED,
/// UNKNOWN, UNAVAILABLE as Twilio documents them).
pub fn is_withheld(from: &str) -> bool {
    matches!(
        from.trim_start_matches('+'),
        "" | "anonymous" | "Anonymous" | "266696687" | "7378742833" | "2562533" | "8656696" | "86282452253"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_e164_is_taken() {
        for good in ["+972541234567", "+14158675309", "+97233724000"] {
            assert_eq!(E164::parse(good).map(|n| n.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "+",
            " 972000",
            "+972000",
            "972541234567",
            "+0541234567",
            "+1234567890123456",
            "+97254-123",
            "client:dana",
            "+٩٧٢٥٤١٢٣٤٥٦",
        ] {
            assert!(E164::parse(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_stored_number_may_be_nobody_s() {
        let plausible = |text| E164::parse(text).map(|number| number.is_plausible());
        assert_eq!(plausible("+972541234567"), Ok(true));
        for bad in ["+9720541234567", "+97254111999", "+9722700", "+9721700700123"] {
            assert_eq!(plausible(bad), Ok(false), "{bad}");
        }
    }

    #[test]
    fn a_masked_number_shows_three_characters_at_most() {
        assert_eq!(masked("+972541234567"), "***567");
        assert_eq!(masked("12345"), "***");
        assert_eq!(masked("שלום עולם"), "***ולם");
    }

    #[test]
    fn withheld_callers_are_known() {
        assert!(is_withheld("anonymous") && is_withheld("+266696687") && is_withheld(""));
        assert!(!is_withheld("+972541234567") && !is_withheld("client:dana"));
    }
}
