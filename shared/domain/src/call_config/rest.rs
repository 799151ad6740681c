//! Days of rest, which nobody has to enter year by year.

use chrono::{Datelike as _, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MinuteOfDay;
use crate::israeli_days::{DayKind, IsraeliDay};

/// Shabbat and the holidays of Israel: the business is closed on them, from some hour of the day before until some hour
/// of their last evening. A date with hours of its own ([`Holiday`]) keeps those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RestDays {
    /// Closed on Shabbat.
    #[schemars(extend("x-visible" = true))]
    pub shabbat: bool,
    /// Closed on Rosh Hashana, Yom Kippur, the first and last days of Sukkot and of Pesach, and Shavuot.
    #[schemars(extend("x-visible" = true))]
    pub holidays: bool,
    /// When the day before closes.
    pub from: MinuteOfDay,
    /// When the hours of the day hold again, in the evening; 24:00 for not before the next day.
    pub until: MinuteOfDay,
}

impl Default for RestDays {
    fn default() -> Self {
        Self { shabbat: false, holidays: false, from: MinuteOfDay(14 * 60), until: MinuteOfDay(20 * 60) }
    }
}

impl RestDays {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
    pub(super) fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the business rests on that date.
    pub fn rests_on(&self, date: NaiveDate) -> bool {
        let holiday = || IsraeliDay::on(date).is_some_and(|day| day.kind() == DayKind::YomTov);
        (self.shabbat && date.weekday() == chrono::Weekday::Sat) || (self.holidays && holiday())
    }

    /// Whether it rests on that date at that second of the local day.
    pub fn rests_at(&self, date: NaiveDate, second: u32) -> bool {
        let second_of = |time: MinuteOfDay| u32::from(time.minutes()) * 60;
        let tomorrow = date.succ_opt().is_some_and(|date| self.rests_on(date));
        if self.rests_on(date) {
            tomorrow || second < second_of(self.until)
        } else {
            tomorrow && second >= second_of(self.from)
        }
    }
}
