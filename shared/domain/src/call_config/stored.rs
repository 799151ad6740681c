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
    for (list, fields) in
        [("holidays", &["date", "name", "hours"][..]), ("screening", &["number", "ask"]), ("targets", TARGET)]
    {
        forgotten |= settings.get_mut(list).is_some_and(|entries| each_keeps(entries, fields));
    }
    forgotten |=
        settings.get_mut("rest").is_some_and(|rest| keeps(rest, &["shabbat", "holidays", "from", "until"]));
    forgotten | settings.get_mut("menu").is_some_and(forget_in_menu)
}

const TARGET: &[&str] = &["who", "ask", "timeout_s"];

/// The same in a menu and in those that it opens.
fn forget_in_menu(menu: &mut Value) -> bool {
    let mut forgotten = keeps(menu, &["prompt", "options", "silent_limit", "wrong_limit"]);
    let options = menu.get_mut("options").and_then(Value::as_object_mut);
    for option in options.into_iter().flat_map(|options| options.values_mut()) {
        forgotten |= keeps(option, &["label", "then"]);
        let Some(then) = option.get_mut("then") else { continue };
        forgotten |= keeps(then, &["do", "targets", "text", "menu"]);
        forgotten |= then.get_mut("targets").is_some_and(|targets| each_keeps(targets, TARGET));
        forgotten |= then.get_mut("menu").is_some_and(forget_in_menu);
    }
    forgotten
}

fn each_keeps(entries: &mut Value, fields: &[&str]) -> bool {
    let entries = entries.as_array_mut().into_iter().flatten();
    entries.fold(false, |forgotten, entry| keeps(entry, fields) | forgotten)
}

/// Leaves an object these fields; returns whether it had others.
fn keeps(object: &mut Value, fields: &[&str]) -> bool {
    let Some(object) = object.as_object_mut() else { return false };
    let before = object.len();
    object.retain(|name, _| fields.contains(&name.as_str()));
    object.len() < before
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
            "max_message_s": 60, "fax": { "1": "sales" },
            "holidays": [{ "date": "2026-04-02", "hours": [], "repeats": true }],
            "screening": [{ "number": "+972541234567", "ask": true, "digits": 4 }],
            "rest": { "shabbat": true, "lunch": true },
            "targets": [{ "who": { "number": "+972541234567" }, "whisper": "hello" }],
            "menu": { "music": "jazz", "options": { "1": { "label": "more", "icon": "x", "then": {
                "do": "menu", "loud": true, "menu": { "music": "rock", "options": {} },
            } } } },
        }))?;
        assert_eq!((settings.max_message_s, settings.holidays.len(), settings.screening.len()), (60, 1, 1));
        assert_eq!((settings.targets.len(), settings.menu.map(|menu| menu.menus().len())), (1, Some(2)));
        assert!(read(json!({ "mode": "fax" })).is_err(), "nobody can guess this");
        assert!(serde_json::from_value::<CallSettings>(json!({ "fax": {} })).is_err(), "clients are told");
        Ok(())
    }
}
