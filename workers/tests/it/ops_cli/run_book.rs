//! Every command of the run book is one that the command line has.

use anyhow::{Context as _, Result, ensure};
use clap::{Parser as _, error::ErrorKind};
use prosaas_ops::Arguments;

const RUN_BOOK: &str = include_str!("../../../../docs/OPERATIONS.md");

/// The words of a line of a shell, as far as the run book needs them: double quotes, a
/// comment at the end, output into a file.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                words.push(std::mem::take(&mut word));
            }
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let end = words.iter().position(|word| word == "#" || word == ">" || word == "|").unwrap_or(words.len());
    words.truncate(end);
    words
}

/// What stands for something of the reader's own.
fn example(word: &str) -> String {
    match word {
        "<id>" => "00000000-0000-7000-8000-000000000001".to_owned(),
        "<EVENT_LOG_PATH>" => "/data/event-log".to_owned(),
        other => other.to_owned(),
    }
}

/// The blocks' lines, and what the text mentions in passing.
fn commands() -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut lines, mut mentions, mut block) = (Vec::new(), Vec::new(), false);
    for line in RUN_BOOK.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            lines.extend(line.starts_with("ops ").then_some(line));
        } else {
            mentions.extend(line.split('`').skip(1).step_by(2).filter(|text| text.starts_with("ops ")));
        }
    }
    (lines, mentions)
}

fn problem(line: &str) -> Option<clap::Error> {
    let arguments = words(line).into_iter().map(|word| example(&word));
    Arguments::try_parse_from(arguments).err()
}

#[test]
fn every_command_of_the_run_book_is_one() -> Result<()> {
    let (lines, mentions) = commands();
    ensure!(lines.len() > 20 && mentions.len() > 5, "{lines:?} {mentions:?}");
    for line in lines {
        ensure!(!line.contains('<') || line.contains("<id>"), "what is it to put there? {line}");
        let problem = problem(line);
        ensure!(problem.is_none(), "{line}\n{}", problem.context("a problem")?);
    }
    for mention in mentions {
        // A mention may leave out what the block beside it names.
        let problem = problem(mention).filter(|problem| problem.kind() != ErrorKind::MissingRequiredArgument);
        ensure!(problem.is_none(), "{mention}\n{}", problem.context("a problem")?);
    }
    ensure!(problem("ops dead lst").is_some() && problem("ops dead list --colour blue").is_some());
    Ok(())
}
