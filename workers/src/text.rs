//! What Postgres cannot keep as it is.

use serde::Serialize;
use serde_json::Value;

/// `text` as Postgres can store it: a NUL, which its `text` has no place for,
/// becomes U+FFFD. Callers' numbers and names are kept as sent otherwise.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// As [`storable_json`], for a value that is JSON already.
pub fn storable_value(mut value: Value) -> Value {
    replace_nul(&mut value);
    value
}

/// A value as `jsonb` can store it, NULs replaced in the same way.
pub fn storable_json(value: &impl Serialize) -> Result<Value, serde_json::Error> {
    serde_json::to_value(value).map(storable_value)
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = storable(text),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => fields.values_mut().for_each(replace_nul),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_replaced_and_nothing_else() -> anyhow::Result<()> {
        assert_eq!(storable("a\0ש"), "a\u{fffd}ש");
        let value = storable_json(&serde_json::json!({"a": ["x\0", "\\u0000"]}))?;
        assert_eq!(value, serde_json::json!({"a": ["x\u{fffd}", "\\u0000"]}));
        Ok(())
    }
}
