//! What operators see of every type of event, with something personal in every text of it.

use std::collections::BTreeSet;

use prosaas_events::{
    CloudEvent, EventData,
    catalogue::{Visitor, visit},
    crm::{Command, CommandArgs},
    mask,
    visible::HIDDEN,
};
use schemars::schema_for;
use serde_json::{Map, Value, json};

#[derive(Default)]
struct Types(Vec<(&'static str, Value)>);

impl Visitor for Types {
    fn fact<T: EventData>(&mut self) {
        self.0.push((T::TYPE, schema_for!(CloudEvent<T>).to_value()));
    }

    fn command<T: CommandArgs>(&mut self) {
        self.fact::<Command<T>>();
    }
}

fn types() -> Vec<(&'static str, Value)> {
    let mut types = Types::default();
    visit(&mut types);
    types.0
}

/// Documents of the form, one for each alternative, with `probe` in every text and number.
fn samples(root: &Value, form: &Value, probe: &Value) -> Vec<Value> {
    if let Some(name) = form["$ref"].as_str() {
        return root
            .pointer(name.trim_start_matches('#'))
            .map_or_else(Vec::new, |target| samples(root, target, probe));
    }
    if let Some(branches) = form["oneOf"].as_array().or_else(|| form["anyOf"].as_array()) {
        return branches
            .iter()
            .filter(|b| b["type"] != "null")
            .flat_map(|b| samples(root, b, probe))
            .collect();
    }
    if let Some(items) = form.get("items") {
        return samples(root, items, probe).into_iter().map(|item| json!([item])).collect();
    }
    let Some(properties) = form["properties"].as_object() else { return vec![probe.clone()] };
    let fields: Vec<_> = properties
        .iter()
        .map(|(name, form)| {
            let values =
                form.get("const").map_or_else(|| samples(root, form, probe), |word| vec![word.clone()]);
            (name, values)
        })
        .collect();
    let many = fields.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    (0..many)
        .map(|n| {
            let field = |(name, values): &(&String, Vec<Value>)| {
                ((*name).clone(), values.get(n).or_else(|| values.last()).cloned().unwrap_or_default())
            };
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        })
        .collect()
}

/// Where something other than `***` and the last digits of a number is seen.
fn seen(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| seen(field, &format!("{path}.{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| seen(item, &format!("{path}[]"), found)),
        Value::String(text) if text == HIDDEN || text == "***567" => {}
        // The schema's own word, which says what kind of fact it is.
        _ if path == ".fact.kind" => {}
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// What is seen of the data of every type, with the probe in it.
fn seen_of(probe: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, schema) in types() {
        let mut found = BTreeSet::new();
        for mut event in samples(&schema, &schema, probe) {
            if let Some(fields) = event.as_object_mut() {
                fields.insert("type".to_owned(), name.into());
            }
            seen(mask::event(&event).get("data").unwrap_or(&Value::Null), "", &mut found);
        }
        let short = name.trim_start_matches("pro.prosaas.");
        lines.extend(found.into_iter().map(|path| format!("{short} {path}")));
    }
    lines
}

/// A new line here is a field of which people's words could be seen: it needs a reason.
#[test]
fn what_people_could_have_typed_is_seen_where_it_is_declared_alone() {
    insta::assert_snapshot!(seen_of(&json!("dana")).join("\n"));
    assert_eq!(seen_of(&json!("Abc123")), seen_of(&json!("dana")));
}

#[test]
fn names_numbers_and_addresses_are_seen_nowhere() {
    for probe in ["+972541234567", "054-1234567", "dana@shop.example", "דנה"] {
        assert_eq!(seen_of(&json!(probe)), Vec::<String>::new(), "{probe}");
    }
    let reasons: Vec<_> =
        seen_of(&json!("Dana Levi")).into_iter().filter(|line| !line.ends_with(" .args.reason")).collect();
    assert_eq!(reasons, Vec::<String>::new());
}

#[test]
fn a_number_is_seen_where_it_is_declared_alone() {
    insta::assert_snapshot!(seen_of(&json!(7)).join("\n"));
}

/// The declaration is in the schemas that are committed.
#[test]
fn every_type_has_its_document() -> anyhow::Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events");
    for (name, schema) in types() {
        let text = std::fs::read_to_string(format!("{folder}/{name}.schema.json"))?;
        assert_eq!(serde_json::from_str::<Value>(&text)?, schema, "{name}: run `make generated`");
    }
    Ok(())
}
