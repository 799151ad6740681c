//! What people search dead letters by: ids, phone numbers and e-mail addresses.

use std::collections::BTreeSet;

use prosaas_domain::phone;
use prosaas_events::tokens::{digits, is_id};
use serde_json::Value;

/// Most terms of one event.
const MAX_TERMS: usize = 64;

/// Longest term, bytes.
const MAX_LEN: usize = 200;

/// A term in the form in which it is kept: numbers as E.164, addresses in lower case.
pub fn normal(text: &str) -> String {
    let text = text.trim();
    match number(text) {
        Some(number) => number,
        None if text.contains('@') => text.to_lowercase(),
        None => text.to_owned(),
    }
}

/// The number, where the text is nothing else: a link, or no letter beside it. Prose with
/// a number in it is no term.
fn number(text: &str) -> Option<String> {
    let link = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.bytes().all(|b| b.is_ascii_alphabetic()) && !rest.contains(char::is_whitespace)
    });
    if !link && text.chars().any(char::is_alphabetic) {
        return None;
    }
    phone::read(text).map(|number| number.as_str().to_owned())
}

/// The terms of an event: its envelope's and those of its data.
pub fn terms_of(event: &Value) -> Vec<String> {
    let mut terms = BTreeSet::new();
    for name in ["id", "subject", "businessid", "actorid"] {
        if let Some(text) = event.get(name).and_then(Value::as_str) {
            add(&mut terms, text);
        }
    }
    if let Some(data) = event.get("data") {
        collect(&mut terms, data);
    }
    terms.into_iter().collect()
}

fn collect(terms: &mut BTreeSet<String>, value: &Value) {
    match value {
        Value::String(text) if is_term(text) => add(terms, text),
        Value::Array(items) => items.iter().for_each(|item| collect(terms, item)),
        Value::Object(fields) => fields.values().for_each(|field| collect(terms, field)),
        _ => {}
    }
}

fn is_term(text: &str) -> bool {
    let text = text.trim();
    let address = text.contains('@') && !text.contains(char::is_whitespace);
    let id = (2..=64).contains(&text.len())
        && digits(text) > 0
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    address || id || is_id(text) || number(text).is_some()
}

fn add(terms: &mut BTreeSet<String>, text: &str) {
    let term = normal(text).replace('\0', "\u{fffd}");
    if !term.is_empty() && term.len() <= MAX_LEN && terms.len() < MAX_TERMS {
        terms.insert(term);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_found_by_ids_numbers_and_addresses() {
        let event = json!({
            "id": "call.incoming:CA1", "subject": "CA1",
            "data": { "from": "054-123-4567", "name": "Dana Cohen", "email": "Dana@Shop.example",
                      "parts": ["CA2"], "status": "ringing", "at": "2026-01-01T00:00:00Z" }
        });
        assert_eq!(
            terms_of(&event),
            ["+972541234567", "CA1", "CA2", "call.incoming:CA1", "dana@shop.example"]
        );
        assert_eq!(normal(" 0541234567 "), "+972541234567");
        assert_eq!(normal("DANA@shop.example"), "dana@shop.example");
        assert_eq!(normal("\u{202a}+972 54-123-4567\u{202c}"), "+972541234567");
        assert_eq!(normal("sip:0541234567@pbx.example"), "+972541234567");
        assert_eq!(normal("CA2"), "CA2");
    }

    #[test]
    fn a_huge_event_has_few_terms() {
        let many: Vec<String> = (0..1000).map(|n| format!("id-{n}")).collect();
        assert_eq!(terms_of(&json!({ "data": many })).len(), MAX_TERMS);
    }
}
