//! Tables for people, JSON for programs.

use std::io::{ErrorKind, IsTerminal as _, Write};

use anyhow::Result;
use serde::Serialize;

/// Where a subcommand writes.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// JSON is asked for.
    pub json: bool,
}

impl Out {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Rows: a table, or a JSON array of the values.
    pub fn rows<T: Serialize>(
        self,
        head: &[&str],
        items: &[T],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<()> {
        if self.json {
            return self.value(&items);
        }
        say(&table(head, &items.iter().map(row).collect::<Vec<_>>()));
        Ok(())
    }

    /// One value, as JSON in either form.
    pub fn value(self, value: &impl Serialize) -> Result<()> {
        say(&serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// One value a line, for streams of them.
    pub fn line(self, value: &impl Serialize) -> Result<()> {
        say(&serde_json::to_string(value)?);
        Ok(())
    }

    /// A sentence for people; nothing where JSON is asked for.
    pub fn tell(self, text: &str) {
        if !self.json {
            say(text);
        }
    }

    /// Progress: one line that changes on a terminal, plain lines otherwise.
    pub fn progress(self, done: i64, total: i64, words: &str) {
        if self.json {
            return;
        }
        if std::io::stdout().is_terminal() {
            write(&format!("\r{}", bar(done, total, words)));
        } else {
            say(&format!("{done}/{total} {words}"));
        }
    }

    /// Ends the line that changes.
    pub fn progress_ends(self) {
        if !self.json && std::io::stdout().is_terminal() {
            say("");
        }
    }
}

/// `[#####-----] 5/10 words`.
fn bar(done: i64, total: i64, words: &str) -> String {
    const WIDTH: i64 = 30;
    let full = if total > 0 { (done.clamp(0, total) * WIDTH / total).clamp(0, WIDTH) } else { WIDTH };
    let part = |n: i64| usize::try_from(n).unwrap_or(0);
    format!("[{}{}] {done}/{total} {words}\x1b[K", "#".repeat(part(full)), "-".repeat(part(WIDTH - full)))
}

/// Columns side by side, each as wide as its widest cell.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|name| name.to_uppercase()).collect();
    let width = |column: usize| {
        let cells = rows.iter().chain(std::iter::once(&head)).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(&head).chain(rows).map(line).collect::<Vec<_>>().join("\n")
}

/// A line on standard output.
pub fn say(text: &str) {
    write(&format!("{text}\n"));
}

fn write(text: &str) {
    if !is_heard(&mut std::io::stdout(), text) {
        // As `head` and pagers expect of what they have read enough of.
        std::process::exit(0);
    }
}

/// Writes; false where whoever read has gone.
fn is_heard(out: &mut impl Write, text: &str) -> bool {
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    !written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// How many of a thing, such as `1 event` or `2 events`.
pub fn counted(count: i64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// A number of bytes in a table.
pub fn size(bytes: u64) -> String {
    let mut shown = bytes;
    for unit in ["B", "kB", "MB", "GB"] {
        if shown < 10_000 {
            return format!("{shown} {unit}");
        }
        shown /= 1000;
    }
    format!("{shown} TB")
}

/// What stands for nothing in a table.
pub fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = vec![vec!["a".to_owned(), "long".to_owned()], vec!["bbb".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["id", "text"], &rows), "ID   TEXT\na    long\nbbb  x");
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() -> Result<()> {
        let (reader, mut writer) = std::io::pipe()?;
        assert!(is_heard(&mut writer, "a line"));
        drop(reader);
        assert!(!is_heard(&mut writer, "another"));
        Ok(())
    }

    #[test]
    fn a_bar_is_full_at_the_end() {
        assert!(bar(10, 10, "").starts_with(&format!("[{}]", "#".repeat(30))));
        assert!(bar(0, 10, "").starts_with(&format!("[{}]", "-".repeat(30))));
        assert_eq!([0, 1, 2].map(|n| counted(n, "event")), ["0 events", "1 event", "2 events"]);
        let sizes = [0, 9_999, 10_000, 12_345_678, 5_000_000_000_000_000].map(size);
        assert_eq!(sizes, ["0 B", "9999 B", "10 kB", "12 MB", "5000 TB"]);
    }
}
