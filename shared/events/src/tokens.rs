//! Words of a text, as masks and fingerprints tell them apart.

/// A piece of a text: a word, or what stands between words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Letters, digits and what an id, a number or an address holds besides them.
    Word(&'a str),
    /// Anything else.
    Between(&'a str),
}

fn of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '+' | '.' | '@')
}

/// The pieces in order; together they are the text.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = of_word(rest.chars().next()?);
        let end = rest.find(|c| of_word(c) != word).unwrap_or(rest.len());
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(if word { Piece::Word(piece) } else { Piece::Between(piece) })
    })
}

/// How many digits a word has.
pub fn digits(word: &str) -> usize {
    word.chars().filter(char::is_ascii_digit).count()
}

/// Whether a word is an id that names nobody by itself: a UUID, or one of Twilio's.
pub fn is_id(word: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let sid = word.len() == 34
        && word.get(..2).is_some_and(|kind| kind.bytes().all(|b| b.is_ascii_uppercase()))
        && word.get(2..).is_some_and(hex);
    let hash = matches!(word.len(), 16 | 32 | 64) && hex(word);
    sid || hash || (word.len() == 36 && uuid::Uuid::parse_str(word).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_text() {
        for text in ["", "a", " a ", "key (e164)=(+972541234567) שלום.", "--"] {
            let joined: String = pieces(text)
                .map(|piece| match piece {
                    Piece::Word(t) | Piece::Between(t) => t,
                })
                .collect();
            assert_eq!(joined, text);
        }
        assert_eq!(pieces("a=b").collect::<Vec<_>>().len(), 3);
    }

    #[test]
    fn ids_are_known() {
        assert!(is_id("CA0123456789abcdef0123456789abcdef"));
        assert!(is_id("7c9e6679-7425-40de-944b-e07fc1f90ae7"));
        assert!(!is_id("+972541234567") && !is_id("dana") && !is_id("CA1"));
    }
}
