//! The committed document is the code's.

use prosaas_ingress::router::api::document;

#[test]
fn the_committed_document_is_what_the_code_says() -> anyhow::Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let now = serde_json::to_value(document())?;
    anyhow::ensure!(
        committed == now,
        "docs/openapi.json is out of date: `cargo run -p prosaas-ingress --example openapi` writes it anew"
    );
    Ok(())
}

/// What clients rely on in every operation.
#[test]
fn every_operation_is_named_once_and_declares_its_problems() {
    let document = serde_json::to_value(document()).unwrap_or_default();
    let mut names = std::collections::HashSet::new();
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let name = operation["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty() && names.insert(name.to_owned()), "{method} {path}: {name:?}");
            let open = operation["security"].as_array().is_some_and(Vec::is_empty);
            let responses = operation["responses"].as_object().expect("responses");
            // Every body is read, and has a limit, also one that nobody asked for.
            let changes = method != "get" && method != "head";
            let sometimes = [(!open).then_some("401"), changes.then_some("413")];
            for status in ["400", "429", "500", "503"].into_iter().chain(sometimes.into_iter().flatten()) {
                let problem = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{method} {path} {status}");
            }
        }
    }
    assert!(names.len() > 25);
}

/// A client cannot be made from a document with a reference to nothing.
#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(document()).unwrap_or_default();
    let mut left = vec![&document];
    let mut seen = 0;
    while let Some(value) = left.pop() {
        match value {
            serde_json::Value::Array(items) => left.extend(items),
            serde_json::Value::Object(fields) => {
                left.extend(fields.values());
                if let Some(reference) = fields.get("$ref").and_then(|reference| reference.as_str()) {
                    let pointer = reference.strip_prefix('#').expect("a reference inside the document");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                    seen += 1;
                }
            }
            _ => {}
        }
    }
    assert!(seen > 100);
}
