//! Who a text message comes from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::phone::E164;

/// Longest alphanumeric sender, characters
/// (<https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id>).
const MAX_NAME: usize = 11;

/// Hexadecimal digits of a Messaging Service's id.
const SERVICE_DIGITS: usize = 32;

/// Who a text message comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sender {
    /// One of our numbers.
    Number(E164),
    /// A name instead of a number: nobody can answer it. In Israel it is registered beforehand.
    Name(Box<str>),
    /// A Messaging Service, `MG…`: Twilio picks one of its senders.
    Service(Box<str>),
}

/// The text is no sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sender is a number, a name of 1 to 11 Latin letters, digits and blanks, or a Messaging Service (MG…)"
)]
pub struct InvalidSender;

impl Sender {
    /// As Twilio takes it and rows hold it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Name(text) | Self::Service(text) => text,
        }
    }

    /// Whether whoever gets the message may be unable to answer it: it has to name another way to opt out.
    pub const fn is_one_way(&self) -> bool {
        matches!(self, Self::Name(_))
    }
}

impl FromStr for Sender {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        if text.starts_with('+') {
            return E164::parse(text).map(Self::Number).map_err(|_| InvalidSender);
        }
        if let Some(digits) = text.strip_prefix("MG").filter(|digits| digits.len() == SERVICE_DIGITS) {
            let right = digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            return if right { Ok(Self::Service(text.into())) } else { Err(InvalidSender) };
        }
        let known = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
        // Without a letter it would pass for a number.
        let named = text.bytes().any(|b| b.is_ascii_alphabetic());
        if known && named && text.trim() == text && text.len() <= MAX_NAME {
            Ok(Self::Name(text.into()))
        } else {
            Err(InvalidSender)
        }
    }
}

impl TryFrom<String> for Sender {
    type Error = InvalidSender;

    fn try_from(text: String) -> Result<Self, InvalidSender> {
        text.parse()
    }
}

impl From<Sender> for String {
    fn from(sender: Sender) -> Self {
        sender.as_str().to_owned()
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_number_a_name_or_a_service() {
        let service = format!("MG{}", "0a".repeat(16));
        for text in ["+972501234567", "ProSaaS", "Dana 24", "MG1", &service] {
            assert_eq!(text.parse::<Sender>().map(|sender| sender.to_string()).as_deref(), Ok(text));
        }
        assert!(matches!(service.parse(), Ok(Sender::Service(_))));
        assert!(matches!("+972501234567".parse(), Ok(Sender::Number(_))));
        assert!("ProSaaS".parse::<Sender>().is_ok_and(|sender| sender.is_one_way()));
        let odd = format!("MG{}", "0G".repeat(16));
        for text in ["", " ", "12345", "+97", "דנה", "Dana's", "TwelveLetter", " Dana", "0501234567", &odd]
        {
            assert_eq!(text.parse::<Sender>(), Err(InvalidSender), "{text}");
        }
    }
}
