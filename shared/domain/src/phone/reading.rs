//! The one reader of numbers: whatever a person types, a contact list holds, a link
//! carries or a network sends is read here, and nowhere else.
//!
//! A text is cut where something stands that no number has inside (a letter, a comma, a
//! stroke, a second plus sign); each part is read by the numbering plans. So an extension,
//! a label or a name beside the number does no harm, and two numbers are told apart.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::{
    E164, is_withheld,
    number::{Number, ServiceNumber},
    plan,
};
use crate::text::is_invisible;

/// Grows whenever the same text is read otherwise than before. Rows note the reader that
/// read them, and setup reads again what an older one has read.
pub const READER: i16 = 1;

/// Longest text that is read, bytes. It is more than any field that holds a number takes.
const MAX_BYTES: usize = 400;

/// Most digits of one number: the 15 of E.164, an international prefix and a trunk zero.
const MAX_DIGITS: usize = 18;

/// Links that hold a number in front of `@`, `;` or `?` (RFC 3966, RFC 3261).
const SCHEMES: [&str; 6] = ["tel:", "sip:", "sips:", "sms:", "whatsapp:", "callto:"];

/// Why a text cannot be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDialable {
    /// There is none in it that somebody can have.
    #[error("This is no phone number.")]
    NoNumber,
    /// It belongs to Israel's networks.
    #[error("This is a short or service number, which cannot be dialled here.")]
    Service,
    /// Dialling the first would drop the second.
    #[error("These are several numbers. Write each in a field of its own.")]
    Several,
}

/// The number that a text holds, the first of several; without a country code it is
/// Israeli.
pub fn read(raw: &str) -> Option<Number> {
    read_all(raw).into_iter().next()
}

/// The number that a text holds, where it is to be dialled.
pub fn dialable(raw: &str) -> Result<E164, NotDialable> {
    let mut numbers = read_all(raw).into_iter();
    match (numbers.next(), numbers.next()) {
        (Some(Number::E164(number)), None) => Ok(number),
        (Some(Number::Service(_)), None) => Err(NotDialable::Service),
        (None, _) => Err(NotDialable::NoNumber),
        (Some(_), Some(_)) => Err(NotDialable::Several),
    }
}

/// The number on the other side of a call, as the network sends it, where it can be
/// called back.
pub fn caller(from: &str) -> Option<E164> {
    if is_withheld(from) { None } else { read(from).and_then(Number::e164) }
}

/// Every number that a text holds, each once, in order.
pub fn read_all(raw: &str) -> Vec<Number> {
    if raw.len() > MAX_BYTES {
        return Vec::new();
    }
    let text = plain(raw);
    let Some(text) = addressee(&text) else { return Vec::new() };
    let found = numbers(text, is_boundary);
    if found.is_empty() && text.contains('/') {
        // `03/7654321` is one number.
        return numbers(text, |c| c != '/' && is_boundary(c));
    }
    found
}

/// The text as it looks: compatibility forms as plain ones, no invisible marks, Arabic
/// and Persian digits as European ones.
pub(super) fn plain(raw: &str) -> String {
    raw.nfkc().filter(|c| !is_invisible(*c)).map(european).collect()
}

fn european(c: char) -> char {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        _ => return c,
    };
    char::from_digit(u32::from(c) - zero, 10).unwrap_or(c)
}

/// What may hold numbers: of a link, whom it names. An e-mail address and a client of
/// Twilio's are no numbers, whatever digits they have.
fn addressee(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '<');
    let scheme = SCHEMES.iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    match scheme {
        Some(rest) => rest.split(['@', ';', '?', '>']).next(),
        None if text.contains('@') => None,
        None if text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("client:")) => None,
        None => Some(text),
    }
}

/// Whether a character cannot stand inside a number.
fn is_boundary(c: char) -> bool {
    !(c.is_ascii_digit()
        || c.is_whitespace()
        || is_dash(c)
        || matches!(c, '+' | '*' | '.' | '(' | ')' | '[' | ']'))
}

/// Dashes and hyphens of every script, the Hebrew maqaf among them, and the minus sign.
fn is_dash(c: char) -> bool {
    c == '\u{2212}' || c.general_category() == GeneralCategory::DashPunctuation
}

fn numbers(text: &str, boundary: impl Fn(char) -> bool) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    for part in text.split(boundary) {
        // A plus sign begins a number.
        let begins = part.match_indices('+').map(|(at, _)| at);
        let ends: Vec<usize> = begins.filter(|at| *at > 0).chain([part.len()]).collect();
        let mut from = 0;
        for to in ends {
            for number in side_by_side(part.get(from..to).unwrap_or_default()) {
                if !found.contains(&number) {
                    found.push(number);
                }
            }
            from = to;
        }
    }
    found
}

/// One number, or two with a blank between them.
fn side_by_side(part: &str) -> Vec<Number> {
    if let Some(number) = one(part) {
        return vec![number];
    }
    let mut blanks = part.match_indices(char::is_whitespace);
    let split = blanks.find_map(|(at, _)| {
        let (left, right) = part.split_at_checked(at)?;
        Some(vec![one(left)?, one(right)?])
    });
    split.unwrap_or_default()
}

fn one(part: &str) -> Option<Number> {
    let compact: String = part.chars().filter(|c| c.is_ascii_digit() || matches!(c, '+' | '*')).collect();
    if compact.contains('*') {
        return starred(&compact);
    }
    let digits = compact.trim_start_matches('+');
    if digits.len() > MAX_DIGITS {
        return None;
    }
    match digits.strip_prefix("00") {
        Some(digits) => plan::international(digits),
        None if digits.len() < compact.len() => plan::international(digits),
        None => plan::domestic(digits),
    }
}

/// `*2700`; from right to left the star comes to stand behind.
fn starred(compact: &str) -> Option<Number> {
    let digits = compact.strip_prefix('*').or_else(|| compact.strip_suffix('*'))?;
    let short = (3..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    short.then(|| Number::Service(ServiceNumber::new(&format!("*{digits}"))))
}

#[cfg(test)]
mod tests;
