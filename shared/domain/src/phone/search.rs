//! Numbers as a search compares them.

use super::{
    number::Number,
    reading::{plain, read, read_all},
};

/// The digits that a stored text is found by, blanks between them: of each number its
/// international spelling and, of an Israeli one, how it is dialled at home. A text
/// without a number is found by its digits.
pub fn search_digits(raw: &str) -> String {
    let numbers = read_all(raw);
    if numbers.is_empty() {
        return digits(&plain(raw));
    }
    let spelled: Vec<String> = numbers.iter().map(spellings).collect();
    spelled.join(" ")
}

fn spellings(number: &Number) -> String {
    let text = number.as_str();
    match text.strip_prefix('+') {
        None => text.to_owned(),
        Some(world) => match world.strip_prefix("972") {
            Some(national) => format!("{world} 0{national}"),
            None => world.to_owned(),
        },
    }
}

/// What a search is to look for where it asks for a number or for a part of one; none
/// where it asks for words. A whole number decides alone, whatever stands beside it.
pub fn search_key(asked: &str) -> Option<String> {
    if let Some(number) = read(asked) {
        let key = number.as_str();
        return Some(key.strip_prefix("+972").or_else(|| key.strip_prefix('+')).unwrap_or(key).to_owned());
    }
    let text = plain(asked);
    if text.chars().any(|c| c.is_alphabetic() || matches!(c, '*' | '@')) {
        return None;
    }
    let digits = digits(&text);
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    if digits.is_empty() {
        return None;
    }
    Some(match digits.strip_prefix("9720") {
        Some(rest) => format!("972{rest}"),
        None => digits.to_owned(),
    })
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_both_its_spellings() {
        assert_eq!(search_digits("+972 054-7000109"), "972547000109 0547000109");
        assert_eq!(search_digits("+44 (0)20 7123 4567"), "442071234567");
        assert_eq!(search_digits("*2700"), "*2700");
        assert_eq!(
            search_digits("054-7000113 / 03-7654323"),
            "972547000113 0547000113 97237654323 037654323"
        );
        assert_eq!(search_digits("שלוחה ١٢"), "12");
        assert_eq!(search_digits("לא ידוע"), "");
    }

    #[test]
    fn a_search_for_a_part_of_a_number_is_one() {
        for (asked, wanted) in [
            ("\u{202a}+972 54-700-0101\u{202c}", Some("547000101")),
            ("דנה 054-7000101", Some("547000101")),
            ("*2700", Some("*2700")),
            ("1-700-700-123", Some("1700700123")),
            ("+44 (0)20 7123 4567", Some("442071234567")),
            ("054-70", Some("05470")),
            ("+972 054-70", Some("9725470")),
            ("0097254", Some("97254")),
            ("٠٥٤", Some("054")),
            ("דנה 054", None),
            ("dana@0541234567", None),
            ("-", None),
            ("%", None),
        ] {
            assert_eq!(search_key(asked).as_deref(), wanted, "{asked}");
        }
    }
}
