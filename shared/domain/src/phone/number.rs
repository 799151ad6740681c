//! What a text that holds a number means.

use super::E164;

/// What a text means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    /// A number that the whole world can dial.
    E164(E164),
    /// One that only Israel's networks know.
    Service(ServiceNumber),
}

/// A short or service number: `*2700`, `1700700123`. It calls nobody and Twilio cannot
/// dial it, but people write it down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceNumber(Box<str>);

impl ServiceNumber {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }
}

impl Number {
    /// The number as it is compared: E.164, or a service number's digits with its star.
    pub fn as_str(&self) -> &str {
        match self {
            Self::E164(number) => number.as_str(),
            Self::Service(ServiceNumber(text)) => text,
        }
    }

    /// The number, where the whole world can dial it.
    pub fn e164(self) -> Option<E164> {
        match self {
            Self::E164(number) => Some(number),
            Self::Service(_) => None,
        }
    }
}
