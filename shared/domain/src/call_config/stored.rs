//! Settings as they are stored: a newer release, rolled back since, may have written fields
//! that this one does not know. They are passed over; what clients send is read strictly.

use serde::{Deserialize as _, Deserializer, de::Error as _};
use serde_json::Value;

use super::CallSettings;

/// Reads settings from Postgres, the bucket or a snapshot.
pub fn read(mut document: Value) -> Result<CallSettings, serde_json::Error> {
    loop {
        let error = match serde_json::from_value(document.clone()) {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        if !forget_unknown(&mut document) {
            return Err(error);
        }
    }
}

/// Removes what this release does not know; returns whether there was anything.
fn forget_unknown(document: &mut Value) -> bool {
    let Some(settings) = document.as_object_mut() else { return false };
    let schema = schemars::schema_for!(CallSettings);
    let known = schema.get("properties");
    let before = settings.len();
    settings.retain(|name, _| known.is_some_and(|known| known.get(name).is_some()));
    let mut forgotten = settings.len() < before;
    for (list, fields) in [("holidays", &["date", "name", "hours"][..]), ("screening", &["number", "ask"])] {
        let entries = settings.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for entry in entries.filter_map(Value::as_object_mut) {
            let before = entry.len();
            entry.retain(|name, _| fields.contains(&name.as_str()));
            forgotten |= entry.len() < before;
        }
    }
    forgotten
}

pub(super) fn field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CallSettings, D::Error> {
    read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_newer_release_added_is_passed_over_and_what_it_changed_is_not() -> anyhow::Result<()> {
        let settings = read(json!({
            "max_message_s": 60, "menu": { "1": "sales" },
            "holidays": [{ "date": "2026-04-02", "hours": [], "repeats": true }],
            "screening": [{ "number": "+972541234567", "ask": true, "digits": 4 }],
        }))?;
        assert_eq!((settings.max_message_s, settings.holidays.len(), settings.screening.len()), (60, 1, 1));
        assert!(read(json!({ "mode": "menu", "menu": {} })).is_err(), "nobody can guess this");
        assert!(serde_json::from_value::<CallSettings>(json!({ "menu": {} })).is_err(), "clients are told");
        Ok(())
    }
}
