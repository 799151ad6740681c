//! Which holiday a date is in Israel, computed from the Hebrew calendar for any year.
//!
//! A date here is the civil day on which the Hebrew one has its daylight: the
//! holiday itself begins the evening before, which is why its eve is a day of its own.

use chrono::{Datelike as _, NaiveDate, Weekday};
use icu_calendar::{Date, cal::Hebrew, types::RataDie};

/// A day of the Israeli calendar on which a business may keep other hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum IsraeliDay {
    RoshHashanaEve,
    RoshHashana,
    YomKippurEve,
    YomKippur,
    SukkotEve,
    Sukkot,
    CholHamoedSukkot,
    /// The last day of chol hamoed, Hoshana Raba.
    SimchatTorahEve,
    SimchatTorah,
    PesachEve,
    Pesach,
    CholHamoedPesach,
    /// The last day of chol hamoed.
    SeventhOfPesachEve,
    SeventhOfPesach,
    MemorialDay,
    IndependenceDay,
    ShavuotEve,
    Shavuot,
}

/// How people keep a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayKind {
    /// No work, as on Shabbat.
    YomTov,
    /// Work until about noon.
    Eve,
    /// Between the first day of a festival and its last.
    CholHamoed,
    /// The memorial day for the fallen.
    Memorial,
    /// The national holiday.
    Independence,
}

impl IsraeliDay {
    /// What that date is, if anything. Israel keeps one day where others keep two,
    /// but for Rosh Hashana.
    pub fn on(date: NaiveDate) -> Option<Self> {
        let day = match hebrew(date) {
            (TISHREI, 1 | 2) => Self::RoshHashana,
            (TISHREI, 9) => Self::YomKippurEve,
            (TISHREI, 10) => Self::YomKippur,
            (TISHREI, 14) => Self::SukkotEve,
            (TISHREI, 15) => Self::Sukkot,
            (TISHREI, 16..=20) => Self::CholHamoedSukkot,
            (TISHREI, 21) => Self::SimchatTorahEve,
            (TISHREI, 22) => Self::SimchatTorah,
            (NISAN, 14) => Self::PesachEve,
            (NISAN, 15) => Self::Pesach,
            (NISAN, 16..=19) => Self::CholHamoedPesach,
            (NISAN, 20) => Self::SeventhOfPesachEve,
            (NISAN, 21) => Self::SeventhOfPesach,
            (SIVAN, 5) => Self::ShavuotEve,
            (SIVAN, 6) => Self::Shavuot,
            (ELUL, 29) => Self::RoshHashanaEve,
            (IYAR, _) if is_independence_day(date) => Self::IndependenceDay,
            (IYAR, _) if date.succ_opt().is_some_and(is_independence_day) => Self::MemorialDay,
            _ => return None,
        };
        Some(day)
    }

    /// How people keep it.
    pub const fn kind(self) -> DayKind {
        match self {
            Self::RoshHashana
            | Self::YomKippur
            | Self::Sukkot
            | Self::SimchatTorah
            | Self::Pesach
            | Self::SeventhOfPesach
            | Self::Shavuot => DayKind::YomTov,
            Self::RoshHashanaEve
            | Self::YomKippurEve
            | Self::SukkotEve
            | Self::SimchatTorahEve
            | Self::PesachEve
            | Self::SeventhOfPesachEve
            | Self::ShavuotEve => DayKind::Eve,
            Self::CholHamoedSukkot | Self::CholHamoedPesach => DayKind::CholHamoed,
            Self::MemorialDay => DayKind::Memorial,
            Self::IndependenceDay => DayKind::Independence,
        }
    }
}

// Months as the calendar's own codes count them: from Tishrei, the leap month without a number of its own.
const TISHREI: u8 = 1;
const NISAN: u8 = 7;
const IYAR: u8 = 8;
const SIVAN: u8 = 9;
const ELUL: u8 = 12;

/// Month and day of the month.
fn hebrew(date: NaiveDate) -> (u8, u8) {
    let date = Date::from_rata_die(RataDie::new(i64::from(date.num_days_from_ce())), Hebrew);
    (date.month().number(), date.day_of_month().0)
}

/// The 5th of Iyar, moved so that neither it nor the memorial day before it touches Shabbat: from
/// Friday and Saturday back to Thursday, and, since 2004, from Monday to Tuesday.
fn is_independence_day(date: NaiveDate) -> bool {
    match (date.weekday(), hebrew(date)) {
        (Weekday::Wed, (IYAR, 5)) | (Weekday::Thu, (IYAR, 3 | 4)) => true,
        (Weekday::Mon, (IYAR, 5)) => date.year() < 2004,
        (Weekday::Tue, (IYAR, 6)) => date.year() >= 2004,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
