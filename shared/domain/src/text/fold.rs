//! One fold for comparing text: what people type finds what is stored, whatever the
//! keyboard made of quotes, dashes, accents and marks.
//!
//! The same rule is the SQL function `prosaas.fold` with `prosaas.fold_words`, by which the
//! search's columns are computed; a test on Postgres compares the two over every script
//! that a name is written in.

use unicode_normalization::UnicodeNormalization as _;

use super::ignored::IGNORED;

/// Geresh and gershayim, and what keyboards and phones write for them: quotes, apostrophes
/// and primes. People leave them out or put a blank for them, so they are compared as both.
const QUOTES: &str = "'\"`\u{2b9}\u{2ba}\u{2bc}\u{5f3}\u{5f4}\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{201f}\u{2032}";

/// What stands between words beside blanks: dashes, the maqaf among them, and punctuation.
/// `@`, `.`, `_` and `+` belong to addresses, `*` to numbers.
const BREAKS: &str =
    "^,;:()[]{}<>|/\\-\u{58a}\u{5be}\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{2e3a}\u{2e3b}";

/// The text as it is compared: compatibility decomposition (NFKD), lower case, without
/// marks and format characters, `ß` as `ss` and the final sigma as any other.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_ignored(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            // Only a capital letter with a dot gives one: the marks are gone.
            c if is_ignored(c) => {}
            c => folded.push(c),
        }
    }
    folded
}

/// The folded words of a search with one blank between them: once with the quotes left
/// out and, where that is something else, once with a blank for each. Of a text without
/// words there is none.
pub fn search_words(asked: &str) -> Vec<String> {
    let folded = fold(asked);
    let mut forms = vec![words(&folded, ""), words(&folded, " ")];
    forms.dedup();
    forms.retain(|words| !words.is_empty());
    forms
}

fn words(folded: &str, quote: &str) -> String {
    let mut text = String::with_capacity(folded.len());
    for c in folded.chars() {
        if is_quote(c) {
            text.push_str(quote);
        } else if BREAKS.contains(c) {
            text.push(' ');
        } else {
            text.push(c);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_quote(c: char) -> bool {
    QUOTES.contains(c)
}

fn is_ignored(c: char) -> bool {
    let code = u32::from(c);
    let after = IGNORED.partition_point(|(first, _)| *first <= code);
    after.checked_sub(1).and_then(|at| IGNORED.get(at)).is_some_and(|(_, last)| code <= *last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIGRATION: &str = include_str!("../../../../migrations/0211_text_fold.sql");

    /// As Postgres writes a set of characters.
    fn class(ranges: impl Iterator<Item = (u32, u32)>) -> String {
        let code = |c: u32| if c > 0xffff { format!("\\U{c:08x}") } else { format!("\\u{c:04x}") };
        let range = |(first, last)| {
            if first == last { code(first) } else { format!("{}-{}", code(first), code(last)) }
        };
        ranges.map(range).collect()
    }

    #[test]
    fn sql_has_the_same_characters() {
        let ignored = class(IGNORED.iter().copied());
        assert!(MIGRATION.contains(&format!("'[{ignored}]'")), "[{ignored}]");
        for set in [QUOTES, BREAKS] {
            let set = class(set.chars().map(|c| (u32::from(c), u32::from(c))));
            assert!(MIGRATION.contains(&set), "{set}");
        }
    }

    #[test]
    fn what_looks_alike_is_alike() {
        for (typed, stored) in [
            ("JOSÉ NÚÑEZ", "jose nunez"),
            ("Straße", "STRASSE"),
            ("ẞ", "ss"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
            ("İstanbul", "istanbul"),
            ("דָּנִי", "דני"),
            ("\u{200f}דנה", "דנה"),
            ("ﬁn", "FIN"),
            ("Ｄａｎａ", "dana"),
        ] {
            assert_eq!(fold(typed), fold(stored), "{typed}");
        }
        assert_ne!(fold("דנה"), fold("דנא"));
    }

    #[test]
    fn quotes_are_nothing_and_a_break() {
        assert_eq!(search_words("ד”ר יעל"), ["דר יעל", "ד ר יעל"]);
        assert_eq!(search_words("\"דנה\""), ["דנה"]);
        assert_eq!(search_words("אבן־גבירול"), ["אבן גבירול"]);
        assert_eq!(search_words(" dana.levi@example.com "), ["dana.levi@example.com"]);
        assert!(search_words("'").is_empty() && search_words("-").is_empty());
    }

    proptest! {
        #[test]
        fn a_folded_text_is_folded(text in "\\PC{0,40}") {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
