use proptest::prelude::*;

use super::*;

fn encoded(text: &str) -> usize {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string().len()
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn a_short_text_is_one_piece() {
    assert_eq!(pieces("שלום. מה שלומכם?"), ["שלום. מה שלומכם?"]);
    assert_eq!(pieces(""), Vec::<&str>::new());
    assert_eq!(pieces("  "), Vec::<&str>::new());
}

#[test]
fn a_piece_holds_750_hebrew_letters() {
    let (fits, spills) = ("א".repeat(750), "א".repeat(751));
    assert_eq!(pieces(&fits).len(), 1);
    assert_eq!(pieces(&spills).iter().map(|p| p.chars().count()).collect::<Vec<_>>(), [750, 1]);
    assert_eq!(pieces(&"a".repeat(3001)).iter().map(|p| p.len()).collect::<Vec<_>>(), [3000, 1]);
}

#[test]
fn a_sentence_is_kept_whole_then_a_word_then_a_letter() {
    let sentence = format!("{}.", "מילה ".repeat(100).trim_end());
    let two = format!("{sentence} {sentence}");
    assert_eq!(pieces(&two), [sentence.as_str(), sentence.as_str()]);

    let quoted = format!("\"{sentence}\"");
    assert_eq!(pieces(&format!("{quoted} {quoted}")), [quoted.as_str(), quoted.as_str()]);

    // The only sentence end is early: cut at a word, all pieces but the last well filled.
    let words = format!("שלום. {}", "מילה ".repeat(300));
    let cut = pieces(&words);
    assert!(cut[0].starts_with("שלום. מילה") && cut[0].ends_with(" מילה"), "{}", cut[0]);
    assert!(cut.iter().all(|piece| piece.split(' ').all(|word| ["שלום.", "מילה"].contains(&word))));

    // A word that ends exactly at the limit stays whole.
    let word = "א".repeat(750);
    assert_eq!(pieces(&format!("{word} ב")), [word.as_str(), "ב"]);
}

#[test]
fn a_letter_keeps_its_marks() {
    for (unit, name) in [
        ("שָׁ", "niqqud"),
        ("👩‍👩‍👧‍👦", "family"),
        ("👍🏽", "skin tone"),
        ("🇮🇱", "flag"),
        ("❤️", "variation selector"),
        ("o\u{301}", "accent"),
    ] {
        // Each lead moves the limit to another place inside the unit.
        for lead in 0..75 {
            let text = format!("{}{}", "a".repeat(lead), unit.repeat(700));
            let cut = pieces(&text);
            assert!(cut.len() > 1, "{name}");
            for piece in cut {
                let units = piece.trim_start_matches('a');
                assert_eq!(units.replace(unit, ""), "", "{name}: cut inside");
            }
        }
    }
}

#[test]
fn endless_marks_are_cut_all_the_same() {
    let text = "\u{301}".repeat(5000);
    assert_eq!(pieces(&text).concat(), text);
}

#[test]
fn cleaning_removes_what_xml_cannot_carry() {
    for (text, cleaned) in [
        ("a\u{0}b\u{1F}c", "abc"),
        ("\u{FFFE}א\u{FFFF}", "א"),
        (" a \r\n\t b\u{A0}\u{2028}c ", "a b c"),
        ("\u{200F}שלום\u{200F}", "\u{200F}שלום\u{200F}"),
        ("\u{0}", ""),
        ("]]> &amp; <Hangup/>", "]]> &amp; <Hangup/>"),
    ] {
        assert_eq!(clean(text), cleaned, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_stay_under_the_limits_and_lose_nothing(
        parts in prop::collection::vec(
            prop_oneof![
                4 => "[א-ת]{1,9} ", 2 => "[a-z]{1,900}[.!?] ", 1 => "[א-ת]{700,800}", 1 => "\\PC{0,400}",
                1 => any::<String>(), 1 => "(👩‍👩‍👧|🇮🇱|שָׁ){0,300}",
            ],
            0..40,
        ),
    ) {
        let text = clean(&parts.concat());
        let cut = pieces(&text);
        prop_assert_eq!(solid(&cut.concat()), solid(&text));
        for piece in cut {
            prop_assert!(!piece.is_empty() && piece.trim() == piece);
            prop_assert!(encoded(piece) <= 4500, "{} encoded", encoded(piece));
            prop_assert!(piece.len() <= 3000, "{} bytes", piece.len());
        }
    }
}
