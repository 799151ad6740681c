//! How many parts a text message is sent and paid in (3GPP TS 23.038 and 23.040).

/// The default alphabet of 3GPP TS 23.038, table 6.2.1, without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, table 6.2.1.1: each takes the place of two.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// How a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character: Latin.
    Gsm7,
    /// Sixteen bits a character: Hebrew, and everything else.
    Ucs2,
}

/// What a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// How it travels: one character outside the Latin alphabet decides for all.
    pub encoding: Encoding,
    /// Units of that encoding.
    pub units: usize,
    /// Messages that are paid for; none for an empty text.
    pub parts: usize,
}

/// What a text takes. A character of two units is never cut in two, so that a part may stay one unit short.
pub fn segments(text: &str) -> Segments {
    let gsm: Option<Vec<usize>> = text.chars().map(gsm_units).collect();
    let (encoding, costs, single, joined) = match gsm {
        Some(costs) => (Encoding::Gsm7, costs, 160, 153),
        None => (Encoding::Ucs2, text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    let units = costs.iter().sum();
    let parts = if units <= single { usize::from(units > 0) } else { filled(&costs, joined) };
    Segments { encoding, units, parts }
}

fn gsm_units(c: char) -> Option<usize> {
    if BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2) }
}

fn filled(costs: &[usize], room: usize) -> usize {
    let mut parts = 1;
    let mut used = 0;
    for cost in costs {
        if used + cost > room {
            parts += 1;
            used = 0;
        }
        used += cost;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_alphabet() {
        use Encoding::{Gsm7, Ucs2};
        for (text, encoding, units, parts) in [
            (String::new(), Gsm7, 0, 0),
            ("a".repeat(160), Gsm7, 160, 1),
            ("a".repeat(161), Gsm7, 161, 2),
            ("a".repeat(306), Gsm7, 306, 2),
            ("a".repeat(307), Gsm7, 307, 3),
            ("€".repeat(80), Gsm7, 160, 1),
            // 76 fit into a part of 153, not 76 and a half.
            ("€".repeat(153), Gsm7, 306, 3),
            ("ש".repeat(70), Ucs2, 70, 1),
            ("ש".repeat(71), Ucs2, 71, 2),
            ("ש".repeat(134), Ucs2, 134, 2),
            ("ש".repeat(135), Ucs2, 135, 3),
            (format!("{}ש", "a".repeat(70)), Ucs2, 71, 2),
            ("🙏".repeat(35), Ucs2, 70, 1),
            ("🙏".repeat(67), Ucs2, 134, 3),
            ("\u{2019}".to_owned(), Ucs2, 1, 1),
        ] {
            assert_eq!(segments(&text), Segments { encoding, units, parts }, "{text}");
        }
    }

    #[test]
    fn the_alphabet_is_whole() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENDED.chars().count(), 10);
    }
}
