//! docs/SETTINGS.md, for tests that run a program's parser with the defaults and bounds that the page tells.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};

/// What stands in the third column where nothing is a default.
const NO_DEFAULT: [&str; 3] = ["required", "optional", "off"];

/// Letters of which no piece looks like an example.
const LETTERS: &str = "kq8Zt3vN1rYw6uBs9eLm4HdXc7PfGa2J";

/// Holds the rows that name `reader` against its parser, which gets one more setting than it needs. It answers with the
/// settings as text, or with the variable that it refuses. Returns how many defaults and bounds there were.
pub fn hold(
    reader: &str,
    parse: impl Fn(&[(&str, &str)]) -> Result<String, String>,
) -> anyhow::Result<usize> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SETTINGS.md");
    let page = fs::read_to_string(page)?;
    let unchanged = parse(&[]).map_err(|variable| anyhow::anyhow!("{variable} is refused"))?;
    let mut held = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let &[_, name, readers, default, meaning, _] = cells.as_slice() else { continue };
        let name = name.trim_matches('`');
        if !readers.split(", ").any(|one| one == reader) {
            continue;
        }
        if !default.contains(' ') && !NO_DEFAULT.contains(&default) {
            let given = parse(&[(name, default)]);
            ensure!(given.as_ref() == Ok(&unchanged), "{name}={default} is no default: {given:?}");
            held += 1;
        }
        for (value, taken) in bounds(meaning)? {
            let answer = parse(&[(name, &value)]);
            let right = if taken { answer.is_ok() } else { answer == Err(name.to_owned()) };
            ensure!(right, "{name}, {} characters: {answer:?}", value.len());
            held += 1;
        }
    }
    Ok(held)
}

/// Values at and past the least length that a row tells, and whether each is taken.
fn bounds(meaning: &str) -> anyhow::Result<Vec<(String, bool)>> {
    let Some((_, rest)) = meaning.split_once("at least ") else { return Ok(Vec::new()) };
    let Some((least, _)) = rest.split_once(" random characters") else { return Ok(Vec::new()) };
    let least: usize = least.parse().with_context(|| meaning.to_owned())?;
    let of = |length: usize| LETTERS.chars().cycle().take(length).collect::<String>();
    Ok(vec![(of(least), true), (of(least - 1), false)])
}
