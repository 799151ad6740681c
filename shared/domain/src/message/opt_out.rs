//! The words by which somebody ends automatic messages, and lets them come again.

use crate::text::fold;

/// As they are folded: lower case, without niqqud. Twilio's own words are among them
/// (<https://help.twilio.com/articles/223134027>).
const STOP: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "cancel",
    "end",
    "quit",
    "revoke",
    "optout",
    "opt out",
    "remove",
    "remove me",
    "הסר",
    "הסירו",
    "הסירי",
    "הסירו אותי",
    "הסר אותי",
    "להסיר",
    "הסרה",
    "ביטול",
    "בטל",
    "בטלו",
    "לבטל",
    "עצור",
    "עצרו",
    "די",
    "להפסיק",
    "הפסק",
    "הפסיקו",
];
const START: &[&str] = &["start", "unstop", "subscribe", "resume", "חזור", "חזרו", "להתחיל", "התחל", "לחדש"];

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOut {
    /// Nothing automatic any more.
    Stop,
    /// It may come again.
    Start,
}

/// What a message asks for: only where it is nothing but such a word, for "please stop by at five" asks for
/// something else. Case, niqqud, marks of direction, punctuation and symbols do not count.
pub fn opt_out(body: &str) -> Option<OptOut> {
    let folded = fold(body);
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let text = words.join(" ");
    if STOP.contains(&text.as_str()) {
        Some(OptOut::Stop)
    } else if START.contains(&text.as_str()) {
        Some(OptOut::Start)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_ends_and_begins_it() {
        for body in [
            "הסר",
            "הסר.",
            " \"הסר\" ",
            "״הסר״!!",
            "הָסֵר",
            "\u{200f}הסר\u{200f}",
            "הסירו",
            "ביטול\n",
            "STOP",
            "Stop.",
            "sToP 🙏",
            "ＳＴＯＰ",
            "opt-out",
            "stop  all",
            "Unsubscribe!",
        ] {
            assert_eq!(opt_out(body), Some(OptOut::Stop), "{body}");
        }
        for body in ["start", "Start!", "חזור", "חֲזוֹר", "\"חזור\""] {
            assert_eq!(opt_out(body), Some(OptOut::Start), "{body}");
        }
    }

    #[test]
    fn a_word_among_others_is_a_message() {
        for body in [
            "",
            "🙏",
            "please stop by at five",
            "לא הסר",
            "ביטול התור של מחר",
            "אפשר להסיר את הברז?",
            "non-stop",
            "stopp",
            "הסרט",
            "חזור אליי",
            "st op",
        ] {
            assert_eq!(opt_out(body), None, "{body}");
        }
    }

    #[test]
    fn every_word_is_as_the_fold_leaves_it() {
        for word in STOP.iter().chain(START) {
            assert_eq!(fold(word), **word);
        }
    }
}
