//! What people, leads and businesses are called.

use std::fmt;

use crate::text::is_invisible;

/// A name: 1 to 200 characters of which at least one is seen, without what turns the text
/// around it or hides other text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// Nothing of it is seen.
    #[error("A name has at least one visible character.")]
    Blank,
    /// It is too long.
    #[error("A name has at most 200 characters.")]
    TooLong,
    /// It holds control characters, marks that force a direction, or tag characters.
    #[error("The name holds an invisible control character. Please type it again.")]
    Control,
}

impl NotAName {
    /// The reason as programs read it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blank | Self::TooLong => "length",
            Self::Control => "format",
        }
    }
}

impl Name {
    /// Longest name, characters.
    pub const MAX: usize = 200;

    /// Reads a name that a person types; blanks around it go.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let text = text.trim();
        if text.chars().any(is_forbidden) {
            Err(NotAName::Control)
        } else if !text.chars().any(is_seen) {
            Err(NotAName::Blank)
        } else if text.chars().count() > Self::MAX {
            Err(NotAName::TooLong)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// What is left of a name that a network sends: nobody is there to type it again.
    pub fn clean(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !is_forbidden(*c)).collect();
        let text: String = text.trim().chars().take(Self::MAX).collect();
        Self::parse(&text).ok()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters; embeddings, overrides and isolates of direction, which reach beyond
/// the name (UAX #9); separators of lines; tag characters, which spell hidden text; what is
/// no character at all. Single marks of direction and joiners stay: languages need them.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'
                | '\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether a character shows: no blank, no format character, no filler.
fn is_seen(c: char) -> bool {
    let filler = matches!(
        c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}'
    );
    !(c.is_whitespace() || is_invisible(c) || filler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_kind_are_taken() {
        for name in
            ["דנה", "ד\"ר יעל אבן-גבירול", "José", "7", "👩\u{200d}👩\u{200d}👧", "\u{200f}דנה לוי", "علي"]
        {
            assert_eq!(
                Name::parse(&format!("  {name}\u{a0}")).map(String::from),
                Ok(name.to_owned()),
                "{name}"
            );
        }
        assert!(Name::parse(&"א".repeat(200)).is_ok());
    }

    #[test]
    fn what_hides_or_turns_text_is_refused() {
        for bad in
            ["", " ", "\u{200b}", "\u{200f}\u{200e} \u{2060}", "\u{3164}", "\u{2800}", "\u{feff}", "\u{fe0f}"]
        {
            assert_eq!(Name::parse(bad), Err(NotAName::Blank), "{bad:?}");
        }
        for bad in [
            "a\u{202e}b",
            "\u{202d}a",
            "\u{202a}a\u{202c}",
            "\u{2067}a\u{2069}",
            "a\u{e0041}",
            "a\u{0}",
            "a\u{85}b",
            "a\nb",
        ] {
            assert_eq!(Name::parse(bad), Err(NotAName::Control), "{bad:?}");
        }
        assert_eq!(Name::parse(&"א".repeat(201)), Err(NotAName::TooLong));
    }

    #[test]
    fn what_a_network_sends_is_cleaned() {
        let clean = |text: &str| Name::clean(text).map(String::from);
        assert_eq!(clean(" \u{202e}DANA\u{0}\u{e0041} ").as_deref(), Some("DANA"));
        assert_eq!(clean(&"א".repeat(300)).map(|name| name.chars().count()), Some(200));
        assert_eq!(clean("\u{200b}\u{202e}"), None);
    }
}
