//! What a business may choose. The rules that types cannot carry.

mod menu;
mod targets;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use super::{CallConfig, CallSettings, MinuteOfDay, Span, WeeklyHours, voices};
use crate::{
    name::{Name, NotAName},
    phone::NotDialable,
};

/// Longest greeting or closed message, characters. At most 6 bytes each once
/// escaped, so that no document comes near Twilio's 64 kB.
pub const MAX_TEXT_CHARS: usize = 2000;
/// Longest name of a holiday, characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Longest label of a menu's option, characters.
pub const MAX_LABEL_CHARS: usize = 60;
/// Most numbers that one `<Dial>` rings (<https://www.twilio.com/docs/voice/twiml/number>).
pub const MAX_FORWARD_TO: usize = 10;
/// Most spans of opening hours in one day.
pub const MAX_SPANS_A_DAY: usize = 10;
/// Most holidays.
pub const MAX_HOLIDAYS: usize = 400;

/// Shortest and longest ringing, seconds.
const FORWARD_TIMEOUT_S: (u16, u16) = (5, 60);
/// Shortest and longest message, seconds.
const MESSAGE_S: (u16, u16) = (5, 3600);

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct SettingsError {
    /// Where, as a path into the document: `forward_to[1]`, `hours.sunday[0].open`.
    pub field: String,
    /// What.
    #[serde(flatten)]
    pub problem: SettingsProblem,
}

/// What is wrong with a field, as a sentence for people; `code` is for programs
/// that say it in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum SettingsProblem {
    /// A number is out of its range.
    #[error("It must be between {min} and {max} seconds.")]
    OutOfRange {
        /// Smallest allowed, seconds.
        min: u16,
        /// Largest allowed, seconds.
        max: u16,
    },
    /// A list has too many entries.
    #[error("There can be at most {max} entries.")]
    TooMany {
        /// Most allowed.
        max: usize,
    },
    /// Forwarding to nobody.
    #[error("Name at least one phone number to forward calls to.")]
    NobodyToForwardTo,
    /// A number that nobody can have.
    #[error("This is no phone number.")]
    NoNumber,
    /// A number of Israel's networks alone.
    #[error("This is a short or service number, which cannot be dialled here.")]
    ServiceNumber,
    /// Two numbers in one entry.
    #[error("These are several numbers. Write each in an entry of its own.")]
    SeveralNumbers,
    /// The same number twice.
    #[error("This phone number is listed twice.")]
    DuplicateNumber,
    /// Forwarding to oneself: the call would never end.
    #[error("Calls cannot be forwarded to the business's own number.")]
    OwnNumber,
    /// The same person twice.
    #[error("This person is listed twice.")]
    DuplicatePerson,
    /// A person who left, or who has no number for calls.
    #[error("This person is not in the business, or has no phone number for calls.")]
    NotReachable,
    /// The call would come back.
    #[error("This number belongs to a business that forwards its calls back here.")]
    Loop,
    /// Targets ring longer than the business wants a caller to wait.
    #[error("Together they ring longer than {max} seconds.")]
    RingsTooLong {
        /// The business's limit, seconds.
        max: u16,
    },
    /// A number of times is out of its range.
    #[error("It must be between {min} and {max} times.")]
    OutOfTimes {
        /// Smallest allowed.
        min: u8,
        /// Largest allowed.
        max: u8,
    },
    /// A menu without options.
    #[error("A menu needs at least one option.")]
    NothingToChoose,
    /// Menus inside menus inside menus.
    #[error("Menus can be at most {max} deep.")]
    MenuTooDeep {
        /// Deepest allowed.
        max: usize,
    },
    /// All menus together have too much text.
    #[error("The menus can have at most {max} bytes together.")]
    MenuTooLarge {
        /// Most bytes of JSON allowed.
        max: usize,
    },
    /// A text is too long.
    #[error("The text can have at most {max} characters.")]
    TooLong {
        /// Most characters allowed.
        max: usize,
    },
    /// A text says nothing.
    #[error("The text must not be empty.")]
    Blank,
    /// A character that XML cannot carry or a voice cannot read.
    #[error("The text holds an invisible control character. Please type it again.")]
    ControlCharacter,
    /// A voice that we do not know, or that speaks another language.
    #[error("This voice is not available in the chosen language.")]
    WrongVoice,
    /// A span that opens at 24:00.
    #[error("Opening hours cannot start at 24:00. Use 00:00 of the next day.")]
    OpensAtMidnight,
    /// Two spans of one day overlap.
    #[error("These opening hours overlap with others of the same day.")]
    Overlap,
    /// The same date twice.
    #[error("This date is listed twice.")]
    DuplicateDate,
}

impl SettingsProblem {
    /// Its word for programs, as it is serialized: `own_number`.
    pub fn code(&self) -> String {
        let document = serde_json::to_value(self).unwrap_or_default();
        document.get("code").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Collects what is wrong, so that a person sees all of it at once.
#[derive(Default)]
struct Findings(Vec<SettingsError>);

impl Findings {
    fn add(&mut self, field: impl fmt::Display, problem: SettingsProblem) {
        self.0.push(SettingsError { field: field.to_string(), problem });
    }

    fn range(&mut self, field: &str, value: u16, (min, max): (u16, u16)) {
        if !(min..=max).contains(&value) {
            self.add(field, SettingsProblem::OutOfRange { min, max });
        }
    }

    fn text(&mut self, field: impl fmt::Display, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.add(&field, SettingsProblem::Blank);
        }
        if text.chars().count() > max {
            self.add(&field, SettingsProblem::TooLong { max });
        }
        if text.chars().any(is_unspeakable) {
            self.add(&field, SettingsProblem::ControlCharacter);
        }
    }

    fn spans(&mut self, field: &str, spans: &[Span]) {
        if spans.len() > MAX_SPANS_A_DAY {
            self.add(field, SettingsProblem::TooMany { max: MAX_SPANS_A_DAY });
            return;
        }
        let mut last_end = BTreeMap::new();
        for (index, span) in spans.iter().enumerate() {
            if span.open.minutes() == MinuteOfDay::DAY {
                self.add(format_args!("{field}[{index}].open"), SettingsProblem::OpensAtMidnight);
            }
            last_end.insert((span.open, index), end_minute(*span));
        }
        let mut busy_until = 0;
        for ((open, index), end) in last_end {
            if open.minutes() < busy_until {
                self.add(format_args!("{field}[{index}]"), SettingsProblem::Overlap);
            }
            busy_until = busy_until.max(end);
        }
    }

    fn week(&mut self, week: &WeeklyHours) {
        for (day, spans) in &week.0 {
            self.spans(&format!("hours.{}", day.as_str()), spans);
        }
    }

    fn into_result(self) -> Result<(), Vec<SettingsError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Where a span ends, minutes since the midnight before it opens.
fn end_minute(span: Span) -> u16 {
    let close = span.close.minutes();
    if span.close > span.open { close } else { close + MinuteOfDay::DAY }
}

/// Control characters (C0 and C1) other than tab and line breaks, and the two
/// that XML 1.0 section 2.2 excludes besides.
fn is_unspeakable(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

impl From<NotAName> for SettingsProblem {
    fn from(why: NotAName) -> Self {
        match why {
            NotAName::Blank => Self::Blank,
            NotAName::TooLong => Self::TooLong { max: Name::MAX },
            NotAName::Control => Self::ControlCharacter,
        }
    }
}

impl From<NotDialable> for SettingsProblem {
    fn from(why: NotDialable) -> Self {
        match why {
            NotDialable::NoNumber => Self::NoNumber,
            NotDialable::Service => Self::ServiceNumber,
            NotDialable::Several => Self::SeveralNumbers,
        }
    }
}

impl CallSettings {
    /// Checks the rules that the types do not carry. The error lists everything
    /// that is wrong, never only the first.
    ///
    /// Settings that pass render to TwiML under Twilio's limits: each text has
    /// at most [`MAX_TEXT_CHARS`].
    pub fn validate(&self) -> Result<(), Vec<SettingsError>> {
        let mut found = Findings::default();
        self.check_voice_and_texts(&mut found);
        self.check_forwarding(&mut found);
        self.check_menu(&mut found);
        found.range("max_message_s", self.max_message_s, MESSAGE_S);
        self.check_hours(&mut found);
        found.into_result()
    }

    fn check_voice_and_texts(&self, found: &mut Findings) {
        if self.voice.as_deref().is_some_and(|voice| !voices::speaks(voice, self.language)) {
            found.add("voice", SettingsProblem::WrongVoice);
        }
        for (field, text) in [("greeting", &self.greeting), ("closed_message", &self.closed_message)] {
            if let Some(text) = text {
                found.text(field, text, MAX_TEXT_CHARS);
            }
        }
    }

    fn check_hours(&self, found: &mut Findings) {
        if let Some(week) = &self.hours {
            found.week(week);
        }
        if self.holidays.len() > MAX_HOLIDAYS {
            found.add("holidays", SettingsProblem::TooMany { max: MAX_HOLIDAYS });
        }
        let mut dates = BTreeSet::new();
        for (index, holiday) in self.holidays.iter().enumerate() {
            if !dates.insert(holiday.date) {
                found.add(format_args!("holidays[{index}].date"), SettingsProblem::DuplicateDate);
            }
            if let Some(name) = &holiday.name {
                found.text(format_args!("holidays[{index}].name"), name, MAX_NAME_CHARS);
            }
            found.spans(&format!("holidays[{index}].hours"), &holiday.hours);
        }
    }
}

impl WeeklyHours {
    /// Checks hours by themselves; fields are named as where they are `hours` of something.
    pub fn validate(&self) -> Result<(), Vec<SettingsError>> {
        let mut found = Findings::default();
        found.week(self);
        found.into_result()
    }
}

impl CallConfig {
    /// [`CallSettings::validate`], and what needs the business too: a name that
    /// can be spoken, and no forwarding to itself.
    pub fn validate(&self) -> Result<(), Vec<SettingsError>> {
        let mut found = Findings(self.settings.validate().err().unwrap_or_default());
        if let Err(why) = Name::parse(&self.business_name) {
            found.add("business_name", why.into());
        }
        self.check_who_is_rung(&mut found);
        found.into_result()
    }
}

#[cfg(test)]
mod tests;
