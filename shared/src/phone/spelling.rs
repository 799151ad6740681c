//! Phone numbers as people write them.

use super::E164;

/// Reads a number as people in Israel write it: with or without the country's code,
/// whatever stands between the digits. A short code (`*2700`) is no E.164 number.
pub fn read(raw: &str) -> Option<E164> {
    if raw.contains(['*', '#']) {
        return None;
    }
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    // A number of E.164 has at most 15 digits; before them `00` or the like may stand.
    if !(3..=20).contains(&digits.len()) {
        return None;
    }
    let international = raw.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+').starts_with('+');
    let text = if international { format!("+{digits}") } else { digits };
    let number = phonenumber::parse(Some(phonenumber::country::IL), text).ok()?;
    if !is_plausible(number.country().code(), &number.national().to_string()) {
        return None;
    }
    E164::parse(&number.format().mode(phonenumber::Mode::E164).to_string()).ok()
}

/// Whether such a number can be dialled: in Israel by its numbering plan (landlines have
/// eight digits, mobile and other numbers of ranges 5 and 7 nine, 1-800 and the like
/// ten), elsewhere by its length. The library's own check refuses Israeli mobile numbers.
fn is_plausible(country: u16, national: &str) -> bool {
    if country != 972 {
        return national.len() >= 6;
    }
    match national.as_bytes() {
        [b'2' | b'3' | b'4' | b'8' | b'9', rest @ ..] => rest.len() == 7,
        [b'5' | b'7', rest @ ..] => rest.len() == 8,
        [b'1', rest @ ..] => rest.len() == 9,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |raw| read(raw).map(String::from);
        for raw in [
            "054-123-4567",
            "+972 54 1234567",
            "972541234567",
            "00972541234567",
            "(054) 1234567",
            "נייד: 054.123.4567",
        ] {
            assert_eq!(read(raw).as_deref(), Some("+972541234567"), "{raw}");
        }
        assert_eq!(read("03-3724000").as_deref(), Some("+97233724000"));
        assert_eq!(read("073-7654321").as_deref(), Some("+972737654321"));
        assert_eq!(read("1-800-123456").as_deref(), Some("+9721800123456"));
        assert_eq!(read("+1 (415) 867-5309").as_deref(), Some("+14158675309"));
        for raw in [
            "",
            "*2700",
            "12",
            "לא ידוע",
            "054",
            "054123456",
            "05412345678",
            "1234567",
            "0541234567890123456789",
        ] {
            assert_eq!(read(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(raw in "[+0-9 ()*#.-]{0,30}|\\PC{0,60}") {
            let _ = read(&raw);
        }
    }
}
