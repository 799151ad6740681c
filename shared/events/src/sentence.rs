//! Sentences without what only some may see.

use prosaas_domain::phone;

use crate::tokens::{Piece, digits, is_id, pieces};

/// What stands for something that is hidden, and for the name of a field that nobody declared.
pub const HIDDEN: &str = "***";

/// An error or another sentence of ours, numbers and addresses hidden, and words that
/// are not ASCII, which our sentences only quote.
pub fn sentence(text: &str) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Between(text) => text.to_owned(),
            Piece::Word(word) => hidden(word).unwrap_or_else(|| word.to_owned()),
        })
        .collect()
}

/// A word in its hidden form, where it must not be seen.
fn hidden(word: &str) -> Option<String> {
    if is_id(word) {
        return None;
    }
    if word.contains('@') || !word.is_ascii() {
        return Some(HIDDEN.to_owned());
    }
    let lettered = word.chars().any(|c| c.is_ascii_alphabetic());
    (!lettered && digits(word) >= 7).then(|| phone::masked(word))
}
