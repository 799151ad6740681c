//! Passwords that are tried first: a list of leaked ones, and what people make of them
//! with digits, signs and lookalikes.

use std::sync::LazyLock;

/// The most common passwords in lower case, sorted: `common.md` names the sources.
const LEAKED: &str = include_str!("common.txt");

/// What those lists, made elsewhere, do not hold: words of this country and of ours.
const LOCAL: &str = "\
    maccabi hapoel beitar telaviv haifa chaim moshe yossi avraham yaakov tikva abba imma motek neshama kapara \
    סיסמה סיסמא ישראל שלום אהבה אמא אבא משפחה ירושלים \
    prosaas crm example passw trustno twitter instagram fortnite wsx zaq numbers yourpassword oldpassword \
    donttouch";

/// Most characters around a word that make it no better: `password` and `password1!`
/// are the same, `password 4711-0815` is another.
const MAX_DRESSING: usize = 6;

/// How many of those may be letters, as in `mypassword` and `dragonxx`, and how long the
/// word must be: two letters beside a shorter one begin another word.
const MAX_LETTERS: usize = 2;
const MIN_BESIDE_LETTERS: usize = 5;

/// Shortest word that is looked for inside.
const MIN_WORD: usize = 3;

/// The list as it is compared, sorted.
static COMMON: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> = LEAKED
        .lines()
        .chain(LOCAL.split_whitespace())
        .map(|word| word.chars().map(looks_like).collect())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
});

/// Whether it is among the passwords that are tried first.
pub(super) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    is_monotonous(&lower) || is_repeated(&lower) || is_beginning(&lower) || has_heart(password, is_listed)
}

/// Whether `password` is `word` with little around it, letters and their lookalikes
/// being the same, with or without the signs in between.
pub(super) fn is_little_more_than(password: &str, word: &str) -> bool {
    let word: String = word.to_lowercase().chars().filter(|c| c.is_alphanumeric()).map(looks_like).collect();
    has_heart(password, |heart| heart == word)
}

/// Whether something is left that `is_wanted`, once what is around it is taken off: at
/// most [`MAX_DRESSING`] characters.
fn has_heart(password: &str, is_wanted: impl Fn(&str) -> bool) -> bool {
    let all: Vec<char> = password.to_lowercase().chars().collect();
    let bare: Vec<char> = all.iter().copied().filter(|c| c.is_alphanumeric()).collect();
    [all, bare].iter().any(|chars| {
        (0..=MAX_DRESSING).any(|before| {
            (0..=MAX_DRESSING - before)
                .any(|behind| heart(chars, before, behind).is_some_and(|h| is_wanted(&h)))
        })
    })
}

/// The middle without so many characters before and behind, where little is lost with them.
fn heart(chars: &[char], before: usize, behind: usize) -> Option<String> {
    let end = chars.len().checked_sub(behind)?;
    let middle = chars.get(before..end).filter(|middle| middle.len() >= MIN_WORD)?;
    let around = chars.iter().take(before).chain(chars.iter().skip(end));
    let letters = around.filter(|c| c.is_alphabetic()).count();
    let may_lose = if middle.len() < MIN_BESIDE_LETTERS { 0 } else { MAX_LETTERS };
    (letters <= may_lose).then(|| middle.iter().copied().map(looks_like).collect())
}

fn is_listed(word: &str) -> bool {
    COMMON.binary_search_by(|held| held.as_str().cmp(word)).is_ok()
}

/// `qwertyuio`: a common one that was not typed to its end.
fn is_beginning(password: &str) -> bool {
    let start: String = password.chars().map(looks_like).collect();
    let at = COMMON.partition_point(|held| held.as_str() < start.as_str());
    COMMON.get(at).is_some_and(|held| held.starts_with(&start))
}

/// `lovelove`, `abcabcabc`.
fn is_repeated(password: &str) -> bool {
    let chars: Vec<char> = password.chars().map(looks_like).collect();
    (1..=chars.len() / 2).filter(|length| chars.len().is_multiple_of(*length)).any(|length| {
        let mut parts = chars.chunks(length);
        let first = parts.next().unwrap_or_default();
        parts.all(|part| part == first) && is_listed(&first.iter().collect::<String>())
    })
}

/// The letter that a digit or sign stands for.
fn looks_like(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// One or two characters over and over, or a row of neighbours: `aaaaaaaa`,
/// `12121212`, `12345678`, `hgfedcba`.
fn is_monotonous(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    let mut distinct = chars.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let steps = || {
        chars.windows(2).filter_map(|pair| match pair {
            [a, b] => Some(i64::from(u32::from(*b)) - i64::from(u32::from(*a))),
            _ => None,
        })
    };
    // 9 to 0 goes on, as on the keyboard.
    let row = |step: i64| steps().all(|s| s == step || s == -9 * step);
    distinct.len() <= 2 || row(1) || row(-1)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::password::{MIN_LENGTH, Unfit, check};

    fn passes(password: &str) -> bool {
        check(&SecretString::from(password), "somebody@shop.example", "Somebody") != Err(Unfit::Common)
    }

    fn is_long_enough(password: &str) -> bool {
        password.chars().count() >= MIN_LENGTH
    }

    #[test]
    fn the_list_is_sorted_in_lower_case_and_names_each_once() {
        let words: Vec<&str> = LEAKED.lines().collect();
        assert!(words.len() > 20_000, "{}", words.len());
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(words.iter().all(|word| !word.is_empty() && *word == word.to_lowercase()));
    }

    #[test]
    fn no_common_password_passes() {
        let passed: Vec<&str> = LEAKED.lines().filter(|word| is_long_enough(word) && passes(word)).collect();
        assert_eq!(passed, Vec::<&str>::new());
    }

    #[test]
    fn no_variant_of_a_common_password_passes() {
        let capital = |word: &str| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_uppercase().chain(chars).collect::<String>())
                .unwrap_or_default()
        };
        let variants = |word: &str| {
            let plain = [
                format!("{word}1"),
                format!("{word}!"),
                format!("{word}2024"),
                format!("{word}123!"),
                format!("1{word}"),
                format!("123{word}"),
                format!("!{word}99"),
            ];
            plain.into_iter().chain([capital(word), format!("{}2024!", capital(word))])
        };
        // Every seventh: all of them take a minute without optimisation.
        let words = LEAKED.lines().filter(|word| word.chars().count() >= MIN_WORD).step_by(7);
        let passed: Vec<String> =
            words.flat_map(variants).filter(|word| is_long_enough(word) && passes(word)).collect();
        assert_eq!(passed, Vec::<String>::new());
        for variant in ["mypassword", "dragonxx1", "p-a-s-s-w-o-r-d", "qwertyuio", "monkeymonkey"] {
            assert!(!passes(variant), "{variant}");
        }
    }

    /// The list must not refuse what nobody would try: passwords as a password manager draws
    /// them pass, but for one in a thousand at most, which by chance is a short word in digits.
    #[test]
    fn random_passwords_and_phrases_pass() {
        let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
        // A linear congruential generator: the same passwords in every run.
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut draw = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            alphabet[usize::try_from(seed >> 33).unwrap() % alphabet.len()]
        };
        let drawn = (0..10_000).map(|_| (0..10).map(|_| draw()).collect::<String>());
        let refused: Vec<String> = drawn.filter(|password| !passes(password)).collect();
        assert!(refused.len() < 10, "{refused:?}");
        for phrase in
            ["correct horse battery", "lawnmower-on-tuesday", "שלוש חתולות ירוקות", "dragons eat tall grass"]
        {
            assert!(passes(phrase), "{phrase}");
        }
    }
}
