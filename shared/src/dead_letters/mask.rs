//! Personal data is hidden unless somebody asks for it, which is audited.

use serde_json::Value;

use super::text::{Piece, digits, is_id, pieces};
use crate::phone;

/// What stands for a text that is hidden.
const HIDDEN: &str = "***";

/// Fields that hold what people wrote, whatever it looks like.
const PERSONAL: [&str; 12] = [
    "name",
    "caller_name",
    "push_name",
    "email",
    "notes",
    "note",
    "text",
    "body",
    "address",
    "tags",
    "q",
    "label",
];

/// An error or another sentence of ours, numbers and addresses hidden, and words that
/// are not ASCII, which our sentences only quote.
pub fn sentence(text: &str) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Between(text) => text.to_owned(),
            Piece::Word(word) => hidden(word).unwrap_or_else(|| word.to_owned()),
        })
        .collect()
}

/// A word in its hidden form, where it must not be seen.
fn hidden(word: &str) -> Option<String> {
    if is_id(word) {
        return None;
    }
    if word.contains('@') || !word.is_ascii() {
        return Some(HIDDEN.to_owned());
    }
    let lettered = word.chars().any(|c| c.is_ascii_alphabetic());
    (!lettered && digits(word) >= 7).then(|| phone::masked(word))
}

/// An event, its envelope seen and its data hidden: ids, times and the words of our
/// own vocabulary stay.
pub fn event(value: &Value) -> Value {
    let Value::Object(fields) = value else { return data(value, false) };
    let fields = fields.iter().map(|(name, field)| {
        let seen = match name.as_str() {
            "specversion" | "type" | "time" | "datacontenttype" | "traceparent" | "businessid"
            | "actorid" => field.clone(),
            "id" | "subject" | "source" => match field {
                Value::String(text) => Value::String(sentence(text)),
                other => data(other, false),
            },
            _ => data(field, false),
        };
        (name.clone(), seen)
    });
    Value::Object(fields.collect())
}

/// How something stood or stands, as audit records say it: as the data of an event.
pub fn change(value: &Value) -> Value {
    data(value, false)
}

fn data(value: &Value, personal: bool) -> Value {
    match value {
        Value::String(text) => Value::String(if personal { HIDDEN.to_owned() } else { word(text) }),
        Value::Array(items) => items.iter().map(|item| data(item, personal)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| {
                let personal = personal || PERSONAL.contains(&name.as_str());
                let seen = match field {
                    // Why an operator did something, in a sentence.
                    Value::String(text) if name == "reason" && !personal => Value::String(sentence(text)),
                    _ => data(field, personal),
                };
                (name.clone(), seen)
            });
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A text of the data: seen where it is an id, a time, or a word such as `in-progress`.
fn word(text: &str) -> String {
    let vocabulary = text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'_' | b'.'));
    let safe_token = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && digits(text) > 0
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let time = chrono::DateTime::parse_from_rfc3339(text).is_ok();
    if vocabulary || safe_token || time || is_id(text) {
        text.to_owned()
    } else if text.bytes().any(|b| b.is_ascii_digit()) && digits(text) >= 7 && text.len() <= 24 {
        phone::masked(text)
    } else {
        HIDDEN.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_hides_numbers_addresses_and_names() {
        assert_eq!(
            sentence(
                "no lead for +972541234567 (dana@shop.example, דנה), call CA0123456789abcdef0123456789abcdef"
            ),
            "no lead for ***567 (***, ***), call CA0123456789abcdef0123456789abcdef"
        );
        assert_eq!(sentence("constraint \"leads_pk\" at line 12"), "constraint \"leads_pk\" at line 12");
    }

    #[test]
    fn an_event_shows_its_envelope_and_hides_people() {
        let seen = event(&json!({
            "id": "call.incoming:CA1", "type": "pro.prosaas.call.incoming.v1", "subject": "CA1",
            "time": "2026-01-01T00:00:00Z",
            "data": { "call_sid": "CA1", "from": "+972541234567", "status": "in-progress", "name": "dana",
                      "notes": "call back", "duration_s": 7, "city": "Tel Aviv",
                      "meta": { "operation_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7" },
                      "fields": { "email": "d@e.example" } }
        }));
        assert_eq!(
            seen["data"],
            json!({ "call_sid": "CA1", "from": "***567", "status": "in-progress", "name": "***",
                    "notes": "***", "duration_s": 7, "city": "***",
                    "meta": { "operation_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7" },
                    "fields": { "email": "***" } })
        );
        assert_eq!(seen["type"], "pro.prosaas.call.incoming.v1");
        assert_eq!(seen["id"], "call.incoming:CA1");
    }

    #[test]
    fn a_change_hides_people_and_keeps_why() {
        let seen = change(&json!({
            "name": "Dana", "phones": ["+972541234567"], "role": "owner", "version": 3, "deleted": false,
            "reason": "bug 12 is mended, +972541234567 is well again", "state": "running"
        }));
        assert_eq!(
            seen,
            json!({ "name": "***", "phones": ["***567"], "role": "owner", "version": 3, "deleted": false,
                    "reason": "bug 12 is mended, ***567 is well again", "state": "running" })
        );
    }
}
