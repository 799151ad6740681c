//! Writes the API's OpenAPI document to the file that is named, normally
//! `docs/openapi.json`.

use std::{env::args, fs};

fn main() -> anyhow::Result<()> {
    let file = args().nth(1).unwrap_or_else(|| "docs/openapi.json".to_owned());
    let mut text = prosaas_ingress::router::api::document().to_pretty_json()?;
    text.push('\n');
    fs::write(file, text)?;
    Ok(())
}
