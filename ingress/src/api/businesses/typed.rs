//! Settings as a person types them: numbers in any spelling, each that cannot be dialled named by its field.

use prosaas_domain::{
    call_config::{CallSettings, MAX_FORWARD_TO, Screening, SettingsError, SettingsProblem},
    phone,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};

/// Settings whose numbers are as typed.
#[derive(Debug)]
pub struct TypedSettings {
    forward_to: Vec<String>,
    screening: Vec<TypedScreening>,
    /// What is wrong with numbers of targets.
    targets: Vec<SettingsError>,
    rest: CallSettings,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedScreening {
    number: String,
    ask: bool,
}

impl<'de> Deserialize<'de> for TypedSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let forward_to = list(&mut fields, "forward_to").map_err(D::Error::custom)?;
        let screening = list(&mut fields, "screening").map_err(D::Error::custom)?;
        let mut targets = Vec::new();
        if let Some(list) = fields.get_mut("targets") {
            read_targets("targets", list, &mut targets);
        }
        if let Some(menu) = fields.get_mut("menu") {
            read_menu("menu", menu, &mut targets);
        }
        let rest = serde_path_to_error::deserialize(Value::Object(fields)).map_err(D::Error::custom)?;
        Ok(Self { forward_to, screening, targets, rest })
    }
}

fn list<T: DeserializeOwned>(fields: &mut Map<String, Value>, name: &str) -> Result<Vec<T>, String> {
    let entries = fields.remove(name).unwrap_or_else(|| Value::Array(Vec::new()));
    Vec::deserialize(entries).map_err(|error| format!("{name}: {error}"))
}

/// Writes the numbers of targets as they are dialled. One that cannot be is left out and named.
fn read_targets(field: &str, targets: &mut Value, findings: &mut Vec<SettingsError>) {
    let Some(list) = targets.as_array_mut() else { return };
    let mut at = 0;
    list.retain_mut(|target| {
        let field = format!("{field}[{at}].who");
        at += 1;
        let Some(Value::String(text)) = target.pointer_mut("/who/number") else { return true };
        match phone::dialable(text) {
            Ok(number) => number.as_str().clone_into(text),
            Err(why) => {
                findings.push(SettingsError { field, problem: why.into() });
                return false;
            }
        }
        true
    });
}

/// The same in a menu and in those that it opens. A document is as deep as its reader allows.
fn read_menu(field: &str, menu: &mut Value, findings: &mut Vec<SettingsError>) {
    let options = menu.get_mut("options").and_then(Value::as_object_mut);
    for (key, option) in options.into_iter().flatten() {
        let field = format!("{field}.options.{key}.then");
        if let Some(targets) = option.pointer_mut("/then/targets") {
            read_targets(&format!("{field}.targets"), targets, findings);
        }
        if let Some(menu) = option.pointer_mut("/then/menu") {
            read_menu(&format!("{field}.menu"), menu, findings);
        }
    }
}

impl TypedSettings {
    /// The settings, and the numbers that could not be read.
    pub(super) fn read(self) -> (CallSettings, Vec<SettingsError>) {
        let (mut forward_to, mut findings) = (Vec::new(), self.targets);
        for (at, text) in self.forward_to.iter().take(MAX_FORWARD_TO + 1).enumerate() {
            match phone::dialable(text) {
                Ok(number) => forward_to.push(number),
                Err(why) => {
                    let field = format!("forward_to[{at}]");
                    findings.push(SettingsError { field, problem: why.into() });
                }
            }
        }
        if self.screening.len() > MAX_FORWARD_TO {
            let problem = SettingsProblem::TooMany { max: MAX_FORWARD_TO };
            findings.push(SettingsError { field: "screening".to_owned(), problem });
        }
        let mut screening = Vec::new();
        for (at, typed) in self.screening.into_iter().take(MAX_FORWARD_TO).enumerate() {
            match phone::dialable(&typed.number) {
                // What is said of a number that nothing is forwarded to says nothing.
                Ok(number) if forward_to.contains(&number) => {
                    screening.push(Screening { number, ask: typed.ask });
                }
                Ok(_) => {}
                // The list of numbers has told of that one.
                Err(_) if self.forward_to.contains(&typed.number) => {}
                Err(why) => {
                    let field = format!("screening[{at}].number");
                    findings.push(SettingsError { field, problem: why.into() });
                }
            }
        }
        (CallSettings { forward_to, screening, ..self.rest }, findings)
    }
}
