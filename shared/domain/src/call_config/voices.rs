//! The voices that a business can choose. A voice that Twilio does not know, or
//! that does not speak the language named beside it, ends the call with an error
//! (<https://www.twilio.com/docs/voice/twiml/say#voice>), so only voices that we
//! know are let through.

use super::Language;

/// Google's voices: what their names begin with, their locale, and their letters.
const GOOGLE: [(&str, &str, &str); 8] = [
    ("Google.he-IL-Standard-", "he-IL", "ABCD"),
    ("Google.he-IL-Wavenet-", "he-IL", "ABCD"),
    ("Google.en-US-Standard-", "en-US", "ABCDEFGHIJ"),
    ("Google.en-US-Wavenet-", "en-US", "ABCDEFGHIJ"),
    ("Google.en-US-Neural2-", "en-US", "ACDEFGHIJ"),
    ("Google.en-GB-Standard-", "en-GB", "ABCDF"),
    ("Google.en-GB-Wavenet-", "en-GB", "ABCDF"),
    ("Google.en-GB-Neural2-", "en-GB", "ABCDF"),
];

/// Amazon Polly's English voices, each also as `-Neural`. None speaks Hebrew.
const POLLY: [(&str, &str); 11] = [
    ("Polly.Joanna", "en-US"),
    ("Polly.Kendra", "en-US"),
    ("Polly.Kimberly", "en-US"),
    ("Polly.Salli", "en-US"),
    ("Polly.Ivy", "en-US"),
    ("Polly.Matthew", "en-US"),
    ("Polly.Joey", "en-US"),
    ("Polly.Justin", "en-US"),
    ("Polly.Amy", "en-GB"),
    ("Polly.Emma", "en-GB"),
    ("Polly.Brian", "en-GB"),
];

/// The voice of a business that chose none.
pub const fn default_voice(language: Language) -> &'static str {
    match language {
        Language::He => "Google.he-IL-Wavenet-A",
        Language::En => "Google.en-US-Wavenet-F",
    }
}

/// The locale that a voice speaks, for `<Say language>`; `None` for a voice that
/// we do not know.
pub fn locale_of(voice: &str) -> Option<&'static str> {
    let google = GOOGLE.iter().find_map(|(prefix, locale, letters)| {
        let mut letter = voice.strip_prefix(prefix)?.chars();
        let known = letter.next().is_some_and(|l| letters.contains(l)) && letter.next().is_none();
        known.then_some(*locale)
    });
    google.or_else(|| {
        let name = voice.strip_suffix("-Neural").unwrap_or(voice);
        POLLY.iter().find_map(|(known, locale)| (*known == name).then_some(*locale))
    })
}

/// Whether a voice is one that we know and speaks the language.
pub fn speaks(voice: &str, language: Language) -> bool {
    let prefix = match language {
        Language::He => "he-",
        Language::En => "en-",
    };
    locale_of(voice).is_some_and(|locale| locale.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_speaks_one_language() {
        for (voice, locale) in [
            ("Google.he-IL-Wavenet-A", Some("he-IL")),
            ("Google.he-IL-Standard-D", Some("he-IL")),
            ("Google.he-IL-Wavenet-E", None),
            ("Google.he-IL-Neural2-A", None),
            ("Google.he-IL-Wavenet-", None),
            ("Google.he-IL-Wavenet-AB", None),
            ("google.he-il-wavenet-a", None),
            ("Google.en-US-Neural2-B", None),
            ("Google.en-GB-Wavenet-F", Some("en-GB")),
            ("Polly.Joanna", Some("en-US")),
            ("Polly.Amy-Neural", Some("en-GB")),
            ("Polly.Joanna-Neural-Neural", None),
            ("Polly.Carmit", None),
            ("alice", None),
            ("", None),
        ] {
            assert_eq!(locale_of(voice), locale, "{voice:?}");
        }
    }

    #[test]
    fn the_default_voices_fit_their_language_only() {
        for (language, other) in [(Language::He, Language::En), (Language::En, Language::He)] {
            assert!(speaks(default_voice(language), language));
            assert!(!speaks(default_voice(language), other));
        }
    }
}
