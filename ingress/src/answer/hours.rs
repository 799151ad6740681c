//! Whether a business is open.
//!
//! Hours are read off the wall clock of the business's time zone, as somebody
//! standing in its door would: an hour that the change to summer time leaves out
//! opens nothing, an hour that the change back repeats counts both times.
//!
//! A span belongs to the date on which it opens. A holiday replaces the spans
//! that open on its own date and no others: one that opened the evening before
//! runs on past midnight to its end, and a holiday's own span may run into the
//! next day. Who closes at midnight before a holiday enters the day before, too,
//! with hours until 24:00.
//!
//! Shabbat and the holidays of Israel ([`RestDays`]) close a business at every moment that is theirs, spans of the
//! evening before included; a date that has hours of its own keeps them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;
use prosaas_domain::call_config::{CallConfig, Day, ForNow, RestDays, Span, WeeklyHours};

/// Whether the business answers as open at that moment.
pub fn is_open(config: &CallConfig, now: DateTime<Utc>) -> bool {
    Schedule::new(config).is_open(now)
}

/// A business's hours, ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    time_zone: Tz,
    week: Option<WeeklyHours>,
    holidays: BTreeMap<NaiveDate, Vec<Span>>,
    rest: RestDays,
    for_now: Option<ForNow>,
}

/// What holds on a date.
enum DayHours<'a> {
    AllDay,
    Spans(&'a [Span]),
}

impl Schedule {
    /// Of a date that is listed twice the last entry holds; validation refuses it.
    pub(super) fn new(config: &CallConfig) -> Self {
        let settings = &config.settings;
        Self {
            time_zone: config.time_zone,
            week: settings.hours.clone(),
            holidays: settings.holidays.iter().map(|h| (h.date, h.hours.clone())).collect(),
            rest: settings.rest,
            for_now: settings.for_now,
        }
    }

    /// Of a person of the business: they keep no holidays of their own.
    pub(super) fn weekly(time_zone: Tz, hours: WeeklyHours) -> Self {
        Self {
            time_zone,
            week: Some(hours),
            holidays: BTreeMap::new(),
            rest: RestDays::default(),
            for_now: None,
        }
    }

    pub(super) fn is_open(&self, now: DateTime<Utc>) -> bool {
        if let Some(for_now) = self.for_now.filter(|for_now| now < for_now.until) {
            return for_now.open;
        }
        let local = now.with_timezone(&self.time_zone).naive_local();
        let (today, seconds) = (local.date(), local.time().num_seconds_from_midnight());
        if !self.holidays.contains_key(&today) && self.rest.rests_at(today, seconds) {
            return false;
        }
        let open_since_today = match self.hours_of(today) {
            DayHours::AllDay => true,
            DayHours::Spans(spans) => spans.iter().any(|span| covers_own_day(*span, seconds)),
        };
        open_since_today || today.pred_opt().is_some_and(|day| self.runs_on_from(day, seconds))
    }

    /// Whether a span that opened on `day` still runs that long after the
    /// midnight that ended it. A day without spans of its own ends with it.
    fn runs_on_from(&self, day: NaiveDate, seconds: u32) -> bool {
        match self.hours_of(day) {
            DayHours::AllDay => false,
            DayHours::Spans(spans) => {
                spans.iter().any(|span| past_midnight(*span) && seconds < close_second(*span))
            }
        }
    }

    fn hours_of(&self, date: NaiveDate) -> DayHours<'_> {
        if let Some(spans) = self.holidays.get(&date) {
            return DayHours::Spans(spans);
        }
        match &self.week {
            None => DayHours::AllDay,
            Some(week) => DayHours::Spans(week.0.get(&Day::from(date.weekday())).map_or(&[], Vec::as_slice)),
        }
    }
}

fn past_midnight(span: Span) -> bool {
    span.close <= span.open
}

fn covers_own_day(span: Span, seconds: u32) -> bool {
    seconds >= u32::from(span.open.minutes()) * 60 && (past_midnight(span) || seconds < close_second(span))
}

fn close_second(span: Span) -> u32 {
    u32::from(span.close.minutes()) * 60
}

#[cfg(test)]
mod tests;
