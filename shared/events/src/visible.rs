//! What may be seen of a document that can hold personal data.
//!
//! It is declared at the type, as the schema's extension `x-visible`, on a field or on the
//! type of a field. What nothing is declared of is hidden: another document, a field that
//! the type does not have, a value that does not fit its field.
//!
//! | `x-visible` | what is seen |
//! |---|---|
//! | `true` | a number, a truth value, a time, a UUID, a word of an enum; a text as [`crate::mask::sentence`] shows it |
//! | `"id"` | a text without spaces, which names a thing and no person |
//! | `"last_digits"` | an id, and the last three digits of a telephone number |
//!
//! A declaration on a field also holds for the items of a list, never for the fields of
//! another object.

use prosaas_domain::phone;
use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value};

pub use crate::sentence::HIDDEN;
use crate::{
    sentence::sentence,
    tokens::{digits, is_id},
};

/// The schema's extension.
pub const VISIBLE: &str = "x-visible";

/// What a type declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Whole,
    Id,
    LastDigits,
}

impl Declared {
    fn on(form: &Value) -> Option<Self> {
        match form.get(VISIBLE)? {
            Value::Bool(true) => Some(Self::Whole),
            Value::String(word) if word == "id" => Some(Self::Id),
            Value::String(word) if word == "last_digits" => Some(Self::LastDigits),
            _ => None,
        }
    }

    /// A text whose form says nothing more of it.
    fn text(self, text: &str) -> String {
        match self {
            Self::Whole => sentence(text),
            Self::Id if text.bytes().all(|byte| byte.is_ascii_graphic()) => sentence(text),
            Self::LastDigits if is_id(text) || is_masked(text) => text.to_owned(),
            Self::LastDigits if is_number(text) => phone::masked(text),
            Self::Id | Self::LastDigits => HIDDEN.to_owned(),
        }
    }
}

/// Whether this is what [`phone::masked`] leaves of a number.
fn is_masked(text: &str) -> bool {
    text.strip_prefix(HIDDEN).is_some_and(|tail| tail.len() == 3 && digits(tail) == 3)
}

fn is_number(text: &str) -> bool {
    digits(text) >= 7
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | '.' | ' '))
}

/// The form of a document, with what it declares.
#[derive(Debug, Clone)]
pub struct Form(Value);

impl Form {
    /// That of a type.
    pub fn of<T: JsonSchema>() -> Self {
        Self(schema_for!(T).to_value())
    }

    /// What may be seen of a document.
    pub fn seen(&self, value: &Value) -> Value {
        self.part(&self.0, value, None)
    }

    /// The part of the document that `form` describes; `declared` stands on the field.
    fn part(&self, form: &Value, value: &Value, declared: Option<Declared>) -> Value {
        let declared = Declared::on(form).or(declared);
        if let Some(target) = self.target(form) {
            return self.part(target, value, declared);
        }
        if let Some(branches) = alternatives(form) {
            let taken = branches.iter().find(|branch| self.fits(branch, value));
            return taken.map_or_else(|| hidden(value), |branch| self.part(branch, value, declared));
        }
        match (value, declared) {
            (Value::Null, _) => Value::Null,
            (Value::Object(fields), _) => match form.get("properties") {
                Some(Value::Object(known)) => self.object(known, fields),
                _ => hidden(value),
            },
            (Value::Array(items), _) => match form.get("items") {
                Some(item) => items.iter().map(|value| self.part(item, value, declared)).collect(),
                None => hidden(value),
            },
            (scalar, Some(declared)) if self.fits(form, scalar) => leaf(form, scalar, declared),
            (scalar, _) => hidden(scalar),
        }
    }

    fn object(&self, known: &Map<String, Value>, fields: &Map<String, Value>) -> Value {
        let seen = fields.iter().map(|(name, value)| match known.get(name) {
            // The word that says which alternative this is.
            Some(form) if form.get("const") == Some(value) => (name.clone(), value.clone()),
            Some(form) => (name.clone(), self.part(form, value, None)),
            None => (HIDDEN.to_owned(), HIDDEN.into()),
        });
        Value::Object(seen.collect())
    }

    /// What a form refers to.
    fn target(&self, form: &Value) -> Option<&Value> {
        let name = form.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.0.get("$defs")?.get(name)
    }

    /// Whether a value has the form, as far as it takes to tell one alternative from another.
    fn fits(&self, form: &Value, value: &Value) -> bool {
        if let Some(target) = self.target(form) {
            return self.fits(target, value);
        }
        if let Some(branches) = alternatives(form) {
            return branches.iter().any(|branch| self.fits(branch, value));
        }
        if let Some(word) = form.get("const") {
            return word == value;
        }
        if let Some(words) = form.get("enum").and_then(Value::as_array) {
            return words.contains(value);
        }
        is_of_type(form, value) && value.as_object().is_none_or(|fields| has_fields(form, fields))
    }
}

fn alternatives(form: &Value) -> Option<&Vec<Value>> {
    form.get("oneOf").or_else(|| form.get("anyOf"))?.as_array()
}

fn is_of_type(form: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match form.get("type") {
        Some(Value::String(name)) => is(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}

/// Whether an object has the fields that its form requires, with the words that it fixes.
fn has_fields(form: &Value, fields: &Map<String, Value>) -> bool {
    let required = form.get("required").and_then(Value::as_array).into_iter().flatten();
    required.filter_map(Value::as_str).all(|name| {
        let word = form.get("properties").and_then(|known| known.get(name)?.get("const"));
        fields.get(name).is_some_and(|value| word.is_none_or(|word| word == value))
    })
}

/// A declared value that is no list and no object.
fn leaf(form: &Value, value: &Value, declared: Declared) -> Value {
    let Value::String(text) = value else { return value.clone() };
    if form.get("const").is_some() || form.get("enum").is_some() {
        return value.clone();
    }
    let fits = match form.get("format").and_then(Value::as_str) {
        None => return Value::String(declared.text(text)),
        Some("uuid") => uuid::Uuid::try_parse(text).is_ok(),
        Some("date-time") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
        Some("date") => text.parse::<chrono::NaiveDate>().is_ok(),
        Some(_) => false,
    };
    if fits { value.clone() } else { hidden(value) }
}

/// Nothing of a value but whether it is there, and how many there are.
pub fn hidden(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => items.iter().map(hidden).collect(),
        _ => HIDDEN.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(properties: &Value) -> Form {
        Form(json!({ "type": "object", "properties": properties }))
    }

    #[test]
    fn what_is_not_declared_is_hidden_whatever_it_looks_like() {
        let form = form(&json!({
            "name": { "type": "string" }, "age": { "type": "integer" }, "well": { "type": "boolean" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "id": { "type": "string", "format": "uuid" }, "state": { "type": "string", "enum": ["ill"] },
            "any": true, "odd": { "type": "string", "x-visible": "all" },
            "off": { "type": "string", "x-visible": false },
        }));
        let seen = form.seen(&json!({
            "name": "dana", "age": 44, "well": false, "tags": ["Abc123", "vip"],
            "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "state": "ill", "any": { "dana": 1 }, "odd": "dana",
            "off": "dana", "dana": "levi", "none": null,
        }));
        let hidden = json!({
            "name": "***", "age": "***", "well": "***", "tags": ["***", "***"], "id": "***", "state": "***",
            "any": "***", "odd": "***", "off": "***", "***": "***",
        });
        assert_eq!(seen, hidden);
        for other in [json!("dana"), json!(44), json!(["dana"])] {
            assert!(!form.seen(&other).to_string().contains(char::is_alphanumeric), "{other}");
        }
    }

    #[test]
    fn a_declared_value_is_seen_where_it_has_its_form() {
        let declared = |form: Value, value: Value| {
            let mut form = form;
            form["x-visible"] = true.into();
            Form(form).seen(&value)
        };
        for (form, good, bad) in [
            (json!({ "type": "integer" }), json!(7), json!("dana")),
            (json!({ "type": "integer" }), json!(-7), json!(7.5)),
            (json!({ "type": "number" }), json!(7.5), json!(true)),
            (json!({ "type": ["boolean", "null"] }), json!(true), json!(972_541_234_567_u64)),
            (
                json!({ "type": "string", "format": "uuid" }),
                json!("7c9e6679-7425-40de-944b-e07fc1f90ae7"),
                json!("dana"),
            ),
            (
                json!({ "type": "string", "format": "date-time" }),
                json!("2026-01-01T00:00:00Z"),
                json!("dana"),
            ),
            (json!({ "type": "string", "format": "date" }), json!("2026-01-01"), json!("dana")),
            (json!({ "type": "string", "enum": ["won", "lost"] }), json!("lost"), json!("dana")),
            (json!({ "oneOf": [{ "const": "won" }, { "const": "lost" }] }), json!("lost"), json!("dana")),
            (json!({ "type": "array", "items": { "type": "integer" } }), json!([1, 2]), json!({ "dana": 1 })),
        ] {
            assert_eq!(declared(form.clone(), good.clone()), good, "{form}");
            assert_eq!(declared(form.clone(), bad.clone()), "***", "{form} {bad}");
            assert_eq!(declared(form.clone(), Value::Null), Value::Null, "{form}");
        }
        assert_eq!(declared(json!({ "type": "string", "format": "ip" }), json!("203.0.113.1")), "***");
        assert_eq!(
            declared(json!({ "type": "string" }), json!("ask +972541234567 at d@e.example")),
            "ask ***567 at ***"
        );
    }

    #[test]
    fn an_id_has_no_space_and_a_number_keeps_three_digits() {
        let of = |kind: &str, text: &str| {
            Form(json!({ "type": "string", "x-visible": kind }))
                .seen(&json!(text))
                .as_str()
                .map(str::to_owned)
        };
        for (text, id, tail) in [
            ("CA1", "CA1", "***"),
            ("call.status:CA1:ringing:2", "call.status:CA1:ringing:2", "***"),
            (
                "CA0123456789abcdef0123456789abcdef",
                "CA0123456789abcdef0123456789abcdef",
                "CA0123456789abcdef0123456789abcdef",
            ),
            ("+972541234567", "***567", "***567"),
            ("054-123-4567", "***567", "***567"),
            ("054 123 4567", "***", "***567"),
            ("***567", "***567", "***567"),
            ("***56a", "***56a", "***"),
            ("***5678", "***5678", "***"),
            ("123456", "123456", "***"),
            ("1234567.", "***67.", "***"),
            ("anonymous", "anonymous", "***"),
            ("sip:+972541234567@dana.example", "sip:***", "***"),
            ("dana@shop.example", "***", "***"),
            ("Dana Levi", "***", "***"),
            ("דנה", "***", "***"),
        ] {
            assert_eq!(
                (of("id", text), of("last_digits", text)),
                (Some(id.into()), Some(tail.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn an_alternative_is_told_by_its_word_and_its_fields() {
        let form = Form(json!({
            "oneOf": [
                { "type": "object", "required": ["kind", "data"], "properties": {
                    "kind": { "type": "string", "const": "a" }, "data": { "$ref": "#/$defs/Id" } } },
                { "type": "object", "required": ["kind", "data"], "properties": {
                    "kind": { "type": "string", "const": "b" }, "data": { "type": "string" } } },
            ],
            "$defs": { "Id": { "type": "string", "x-visible": "id" } },
        }));
        assert_eq!(form.seen(&json!({ "kind": "a", "data": "x1" })), json!({ "kind": "a", "data": "x1" }));
        assert_eq!(form.seen(&json!({ "kind": "b", "data": "x1" })), json!({ "kind": "b", "data": "***" }));
        assert_eq!(form.seen(&json!({ "kind": "dana", "data": "x1" })), "***");
        assert_eq!(form.seen(&json!({ "kind": "a" })), "***");
    }

    #[test]
    fn a_declaration_on_a_field_says_nothing_of_the_object_in_it() {
        let form = form(&json!({
            "who": { "x-visible": true, "type": "object", "properties": { "name": { "type": "string" } } },
        }));
        assert_eq!(form.seen(&json!({ "who": { "name": "dana" } })), json!({ "who": { "name": "***" } }));
    }
}
