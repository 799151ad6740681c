//! How a business answers its calls: written by the workers, read by every
//! ingress from memory.

mod config;
mod menu;
mod rest;
pub mod stored;
mod targets;
mod validate;
pub mod voices;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    config::{CallConfig, Person},
    menu::{
        Key, Limit, MAX_MENU_BYTES, MAX_MENU_DEPTH, MAX_MENU_NODES, Menu, MenuOption, MenuPath, NotAKey, Then,
    },
    rest::RestDays,
    targets::{Ringing, Target, Who},
    validate::{
        MAX_FORWARD_TO, MAX_HOLIDAYS, MAX_LABEL_CHARS, MAX_NAME_CHARS, MAX_SPANS_A_DAY, MAX_TEXT_CHARS,
        SettingsError, SettingsProblem,
    },
};
use crate::phone::E164;

/// How far ahead a business may be open or closed for now, and a person take no calls.
pub const MAX_AHEAD: TimeDelta = TimeDelta::days(31);

/// What a business chose. Each field has a default, so that an empty document works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CallSettings {
    /// The language of every sentence that the caller hears.
    pub language: Language,
    /// A voice of Twilio's for that language; the default one when absent.
    #[schemars(extend("x-visible" = "id"))]
    pub voice: Option<String>,
    /// What the caller hears first; a default one with the business's name when absent.
    pub greeting: Option<String>,
    /// What happens after the greeting.
    pub mode: CallMode,
    /// Whom to ring when forwarding; 1 to 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[schema(max_items = 10)]
    pub targets: Vec<Target>,
    /// In which order.
    #[serde(skip_serializing_if = "Ringing::is_default")]
    pub ringing: Ringing,
    /// How long the targets may ring one after the other in all, seconds, 5 to 300.
    #[serde(skip_serializing_if = "is_default_limit")]
    #[schemars(range(min = 5, max = 300), extend("x-visible" = true))]
    #[schema(minimum = 5, maximum = 300)]
    pub ring_limit_s: u16,
    /// What the caller may choose first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub menu: Option<Menu>,
    /// Numbers to ring; read only where there are no `targets`.
    #[schemars(length(max = 10))]
    #[schema(max_items = 10)]
    pub forward_to: Vec<E164>,
    /// At which of those numbers whoever answers is asked first; of others see [`Target::asks`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[schema(max_items = 10)]
    pub screening: Vec<Screening>,
    /// How long to ring, seconds, 5 to 60.
    #[schemars(range(min = 5, max = 60))]
    #[schema(minimum = 5, maximum = 60)]
    #[schemars(extend("x-visible" = true))]
    pub forward_timeout_s: u16,
    /// Whether a forwarded call is recorded.
    #[schemars(extend("x-visible" = true))]
    pub record_forwarded: bool,
    /// Longest message that a caller can leave, seconds, 5 to 3,600.
    #[schemars(range(min = 5, max = 3600))]
    #[schema(minimum = 5, maximum = 3600)]
    #[schemars(extend("x-visible" = true))]
    pub max_message_s: u16,
    /// When the business is open; always, when absent.
    pub hours: Option<WeeklyHours>,
    /// Days with hours of their own.
    #[schemars(length(max = 400))]
    #[schema(max_items = 400)]
    pub holidays: Vec<Holiday>,
    /// Days of rest, which nobody has to enter year by year.
    #[serde(skip_serializing_if = "RestDays::are_none")]
    pub rest: RestDays,
    /// Open or closed for now, whatever the hours say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_now: Option<ForNow>,
    /// What the caller hears outside the hours; a default one when absent.
    pub closed_message: Option<String>,
    /// What happens after the closed message.
    pub closed_action: ClosedAction,
}

impl Default for CallSettings {
    fn default() -> Self {
        Self {
            language: Language::He,
            voice: None,
            greeting: None,
            mode: CallMode::Record,
            targets: Vec::new(),
            ringing: Ringing::All,
            ring_limit_s: RING_LIMIT_S,
            menu: None,
            forward_to: Vec::new(),
            screening: Vec::new(),
            forward_timeout_s: 20,
            record_forwarded: true,
            max_message_s: 300,
            hours: None,
            holidays: Vec::new(),
            rest: RestDays::default(),
            for_now: None,
            closed_message: None,
            closed_action: ClosedAction::Record,
        }
    }
}

/// How long targets ring one after the other, seconds, where the business does not say.
const RING_LIMIT_S: u16 = 120;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_default_limit(limit: &u16) -> bool {
    *limit == RING_LIMIT_S
}

/// Whether whoever answers at a number is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// One of the numbers to forward to.
    pub number: E164,
    /// Whether they have to press 1 before the caller is put through.
    #[schemars(extend("x-visible" = true))]
    pub ask: bool,
}

/// Open or closed until some moment, whatever the hours say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[schemars(extend("x-visible" = true))]
pub struct ForNow {
    /// Which.
    #[schemars(extend("x-visible" = true))]
    pub open: bool,
    /// From then on the hours hold again.
    #[schemars(extend("x-visible" = true))]
    pub until: DateTime<Utc>,
}

/// A language that callers are spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-visible" = true))]
pub enum Language {
    /// Hebrew.
    He,
    /// English.
    En,
}

/// What happens after the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-visible" = true))]
pub enum CallMode {
    /// The caller leaves a message.
    Record,
    /// The call is forwarded; nobody there: the caller leaves a message.
    Forward,
}

/// What happens after the closed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-visible" = true))]
pub enum ClosedAction {
    /// The caller leaves a message.
    Record,
    /// The call ends.
    HangUp,
}

/// Opening hours by day of the week; a day that is not named is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(transparent)]
pub struct WeeklyHours(pub BTreeMap<Day, Vec<Span>>);

/// A day of the week, Sunday first as in Israel.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

impl Day {
    /// Its name in the settings document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sunday => "sunday",
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
        }
    }
}

impl From<chrono::Weekday> for Day {
    fn from(day: chrono::Weekday) -> Self {
        match day {
            chrono::Weekday::Sun => Self::Sunday,
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
        }
    }
}

/// From `open` until just before `close`, minutes of the local day. A span whose
/// `close` is not after its `open` runs past midnight into the next day;
/// `close` 24:00 is midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Span {
    /// First minute open.
    pub open: MinuteOfDay,
    /// First minute closed again.
    pub close: MinuteOfDay,
}

/// A time of day as `HH:MM`, 00:00 to 24:00.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
#[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
pub struct MinuteOfDay(u16);

/// The text is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written HH:MM, from 00:00 to 24:00")]
pub struct InvalidTimeOfDay;

impl MinuteOfDay {
    /// Minutes in a day: what 24:00 is.
    pub const DAY: u16 = 1440;

    /// Minutes since local midnight, 0 to 1,440.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// From minutes since local midnight.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= Self::DAY { Some(Self(minutes)) } else { None }
    }
}

impl TryFrom<String> for MinuteOfDay {
    type Error = InvalidTimeOfDay;

    fn try_from(text: String) -> Result<Self, InvalidTimeOfDay> {
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTimeOfDay)?;
        let number = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
                .ok_or(InvalidTimeOfDay)
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        if minutes > 59 {
            return Err(InvalidTimeOfDay);
        }
        Self::from_minutes(hours * 60 + minutes).ok_or(InvalidTimeOfDay)
    }
}

impl From<MinuteOfDay> for String {
    fn from(time: MinuteOfDay) -> String {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

/// A day with hours of its own; none means closed all day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The local date.
    pub date: NaiveDate,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its hours; they replace those of its day of the week.
    #[serde(default)]
    pub hours: Vec<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_is_the_default() -> anyhow::Result<()> {
        assert_eq!(serde_json::from_str::<CallSettings>("{}")?, CallSettings::default());
        assert!(serde_json::from_str::<CallSettings>(r#"{"greting":"x"}"#).is_err(), "a typo is refused");
        Ok(())
    }

    #[test]
    fn mobile_phones_are_asked_unless_the_business_says_otherwise() -> anyhow::Result<()> {
        let [mobile, landline, abroad] = ["+972541234567", "+97233724000", "+14155550100"].map(E164::parse);
        let numbers = [mobile?, landline?, abroad?];
        let asked = |settings: &CallSettings| -> Vec<bool> {
            settings.targets().iter().zip(&numbers).map(|(target, number)| target.asks(number)).collect()
        };
        let mut settings = CallSettings { forward_to: numbers.to_vec(), ..CallSettings::default() };
        assert_eq!(asked(&settings), [true, false, true]);
        let chosen = [(0, false), (1, true)];
        settings.screening =
            chosen.map(|(at, ask): (usize, bool)| Screening { number: numbers[at].clone(), ask }).to_vec();
        assert_eq!(asked(&settings), [false, true, true]);
        settings.targets = settings.targets();
        settings.screening.clear();
        assert_eq!(asked(&settings), [false, true, true], "targets say it themselves");
        Ok(())
    }

    #[test]
    fn the_days_of_rest_begin_the_day_before_and_end_in_the_evening() -> anyhow::Result<()> {
        let both = RestDays { shabbat: true, holidays: true, ..RestDays::default() };
        let at =
            |date: &str, hour: u32| -> anyhow::Result<(NaiveDate, u32)> { Ok((date.parse()?, hour * 3600)) };
        // Rosh Hashana 5787 is a Shabbat and a Sunday: 12 and 13 September 2026. 2026-02-14 is a plain Shabbat.
        for (date, hour, shabbat, holidays) in [
            ("2026-02-13", 13, false, false),
            ("2026-02-13", 14, true, false),
            ("2026-02-14", 0, true, false),
            ("2026-02-14", 19, true, false),
            ("2026-02-14", 20, false, false),
            ("2026-09-11", 13, false, false),
            ("2026-09-11", 14, true, true),
            ("2026-09-12", 21, false, true),
            ("2026-09-13", 19, false, true),
            ("2026-09-13", 20, false, false),
            // Chol hamoed is a working day, and so is Independence Day.
            ("2026-09-28", 10, false, false),
            ("2026-04-22", 10, false, false),
        ] {
            let (day, second) = at(date, hour)?;
            let rests = |rest: RestDays| rest.rests_at(day, second);
            assert_eq!(rests(RestDays { holidays: false, ..both }), shabbat, "{date} {hour}");
            assert_eq!(rests(RestDays { shabbat: false, ..both }), holidays, "{date} {hour}");
            assert!(!rests(RestDays::default()), "{date} {hour}");
        }
        let (day, second) = at("2026-02-14", 23)?;
        assert!(RestDays { until: MinuteOfDay(MinuteOfDay::DAY), ..both }.rests_at(day, second));
        assert!(
            !both.rests_at(NaiveDate::MAX, 0) || both.rests_on(NaiveDate::MAX),
            "no panic at the end of time"
        );
        Ok(())
    }

    #[test]
    fn times_of_day_are_strict() {
        for (text, minutes) in [("00:00", 0), ("09:30", 570), ("24:00", 1440)] {
            assert_eq!(MinuteOfDay::try_from(text.to_owned()).map(MinuteOfDay::minutes), Ok(minutes));
        }
        for bad in ["", "9:30", "24:01", "23:60", "ab:cd", "-1:00", "12:5", "+1:00"] {
            assert!(MinuteOfDay::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
