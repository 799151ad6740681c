use proptest::prelude::*;

use super::*;

/// Spellings and what they mean: every way into the system reads them alike.
const TABLE: &str = include_str!("../../../../../tests/fixtures/phones.tsv");

fn meaning(raw: &str) -> Option<String> {
    read(raw).map(|number| number.as_str().to_owned())
}

#[test]
fn the_table_is_read_as_it_says() {
    let rows: Vec<Vec<&str>> =
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 19, "{} rows", rows.len());
    for row in rows {
        let [raw, wanted, why] = row[..] else { panic!("{row:?}") };
        assert_eq!(meaning(raw).as_deref().unwrap_or("-"), wanted, "{raw}: {why}");
    }
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for raw in [
        "054-123-4567",
        "+972 54 1234567",
        "972541234567",
        "9720541234567",
        "00972541234567",
        "+00972541234567",
        "(054) 1234567",
        "(+972) 54-1234567",
        "נייד: 054.123.4567",
        "דירה 5, 054/1234567",
        "０５４１２３４５６７",
        "۰۵۴۱۲۳۴۵۶۷",
        "541234567",
        "WhatsApp:+972541234567",
        "<sip:0541234567@10.0.0.1;user=phone>",
        "TEL:054-123-4567;ext=9",
        "‎+972\u{a0}54\u{2011}123\u{2011}4567\u{202c}",
    ] {
        assert_eq!(meaning(raw).as_deref(), Some("+972541234567"), "{raw}");
    }
    for (raw, wanted) in [
        ("03-3724000", "+97233724000"),
        ("03/3724000", "+97233724000"),
        ("073-7654321", "+972737654321"),
        ("1-800-123456", "1800123456"),
        ("+972 1-800-123456", "1800123456"),
        ("2700*", "*2700"),
        ("+1 (415) 867-5309", "+14158675309"),
        ("+39 06 1234 5678", "+390612345678"),
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("+49 030 123456", "+4930123456"),
        ("0044 20 7123 4567", "+442071234567"),
        ("+7 800 200 06 00", "+78002000600"),
        ("+972000000001", "+972000000001"),
    ] {
        assert_eq!(meaning(raw).as_deref(), Some(wanted), "{raw}");
    }
    for raw in [
        "",
        "12",
        "לא ידוע",
        "054",
        "054123456",
        "05412345678",
        "1234567",
        "0541234567890123456789",
        "+44 20 7123",
        "+999 123456789",
        "054-12A34567",
        "dana0541234567@example.com",
        "client:0541234567",
        "sip:dana@pbx.example.com",
    ] {
        assert_eq!(meaning(raw), None, "{raw}");
    }
    assert_eq!(meaning(&format!("{}0541234567", "א".repeat(200))), None, "nobody types this");
}

#[test]
fn several_numbers_are_told_apart() {
    for raw in [
        "054-7000113 / 03-7654323",
        "054-7000113, 03-7654323",
        "0547000113 037654323",
        "054-7000113 או 03-7654323",
        "בית: 03-7654323 נייד: 054-7000113",
        "+972547000113+97237654323",
    ] {
        let mut found: Vec<_> = read_all(raw).into_iter().map(|number| number.as_str().to_owned()).collect();
        found.sort();
        assert_eq!(found, ["+97237654323", "+972547000113"], "{raw}");
        assert_eq!(dialable(raw), Err(NotDialable::Several), "{raw}");
    }
    assert_eq!(read_all("054-7000113, +972 54-7000113").len(), 1, "the same twice is one");
    assert_eq!(dialable("*2700"), Err(NotDialable::Service));
    assert_eq!(dialable("+97254111999"), Err(NotDialable::NoNumber));
    assert_eq!(dialable("03-7654321 שלוחה 12").map(String::from), Ok("+97237654321".to_owned()));
}

#[test]
fn a_caller_can_be_called_back() {
    assert_eq!(caller("0547000122").map(String::from).as_deref(), Some("+972547000122"));
    for from in
        ["anonymous", "+266696687", "+7378742833", "", "*2700", "1700700123", "client:dana", "+9722700"]
    {
        assert_eq!(caller(from), None, "{from}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(raw in "[+0-9 ()*#./-]{0,30}|\\PC{0,60}") {
        for number in read_all(&raw) {
            // What was read is read as the same again, wherever it goes next.
            prop_assert_eq!(read(number.as_str()), Some(number));
        }
    }

    #[test]
    fn invisible_marks_change_nothing(at in 0usize..11, mark in "[\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}\u{200b}]") {
        let mut raw = "0541234567".to_owned();
        raw.insert_str(at.min(10), &mark);
        prop_assert_eq!(meaning(&raw), Some("+972541234567".to_owned()));
    }
}
