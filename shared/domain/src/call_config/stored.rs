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
        if !forget_unknown(&mut document)? {
            return Err(error);
        }
    }
}

/// Removes what this release does not know; returns whether there was anything.
fn forget_unknown(document: &mut Value) -> Result<bool, serde_json::Error> {
    let Some(settings) = document.as_object_mut() else { return Ok(false) };
    let known = serde_json::to_value(CallSettings::default())?;
    let before = settings.len();
    settings.retain(|name, _| known.get(name).is_some());
    let mut forgotten = settings.len() < before;
    for holiday in settings.get_mut("holidays").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(holiday) = holiday.as_object_mut() {
            let before = holiday.len();
            holiday.retain(|name, _| ["date", "name", "hours"].contains(&name.as_str()));
            forgotten |= holiday.len() < before;
        }
    }
    Ok(forgotten)
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
        }))?;
        assert_eq!((settings.max_message_s, settings.holidays.len()), (60, 1));
        assert!(read(json!({ "mode": "menu", "menu": {} })).is_err(), "nobody can guess this");
        assert!(serde_json::from_value::<CallSettings>(json!({ "menu": {} })).is_err(), "clients are told");
        Ok(())
    }
}
