use chrono::{Duration, NaiveDateTime, TimeZone};
use proptest::prelude::*;
use prosaas_domain::call_config::{CallSettings, Holiday, MinuteOfDay};

use super::*;

fn span(text: &str) -> Span {
    let (open, close) = text.split_once('-').unwrap();
    let time = |t: &str| MinuteOfDay::try_from(t.to_owned()).unwrap();
    Span { open: time(open), close: time(close) }
}

fn spans(text: &str) -> Vec<Span> {
    text.split_whitespace().map(span).collect()
}

fn config(week: Option<&[(Day, &str)]>, holidays: &[(&str, &str)]) -> CallConfig {
    CallConfig {
        business_id: uuid::Uuid::nil().into(),
        business_name: String::new(),
        numbers: Vec::new(),
        time_zone: chrono_tz::Asia::Jerusalem,
        people: Vec::new(),
        revision: 1,
        settings: CallSettings {
            hours: week.map(|days| WeeklyHours(days.iter().map(|(day, s)| (*day, spans(s))).collect())),
            holidays: holidays
                .iter()
                .map(|(date, s)| Holiday { date: date.parse().unwrap(), name: None, hours: spans(s) })
                .collect(),
            ..CallSettings::default()
        },
    }
}

/// Every moment that the wall clock in Jerusalem shows that time.
fn moments(local: &str) -> Vec<DateTime<Utc>> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").unwrap();
    let found = chrono_tz::Asia::Jerusalem.from_local_datetime(&local);
    [found.earliest(), found.latest()].into_iter().flatten().map(|m| m.with_timezone(&Utc)).collect()
}

fn check(config: &CallConfig, table: &[(&str, bool)]) {
    for (local, open) in table {
        let moments = moments(local);
        assert!(!moments.is_empty(), "{local} does not exist");
        for moment in moments {
            assert_eq!(is_open(config, moment), *open, "{local} ({moment})");
        }
    }
}

#[test]
fn ordinary_days() {
    // 2026-02-15 is a Sunday.
    let config = config(Some(&[(Day::Sunday, "09:00-13:00 16:00-19:30"), (Day::Friday, "09:00-13:00")]), &[]);
    check(
        &config,
        &[
            ("2026-02-15 00:00:00", false),
            ("2026-02-15 08:59:59", false),
            ("2026-02-15 09:00:00", true),
            ("2026-02-15 12:59:59", true),
            ("2026-02-15 13:00:00", false),
            ("2026-02-15 15:59:59", false),
            ("2026-02-15 16:00:00", true),
            ("2026-02-15 19:29:59", true),
            ("2026-02-15 19:30:00", false),
            ("2026-02-16 10:00:00", false),
            ("2026-02-20 10:00:00", true),
            ("2026-02-21 10:00:00", false),
        ],
    );
}

#[test]
fn what_is_said_for_now_holds_until_its_end() {
    // 2026-02-15 is a Sunday.
    for open in [true, false] {
        let mut config = config(Some(&[(Day::Sunday, "09:00-17:00")]), &[("2026-02-16", "")]);
        config.settings.for_now =
            moments("2026-02-16 12:00:00").first().map(|until| ForNow { open, until: *until });
        check(
            &config,
            &[
                ("2026-02-15 08:00:00", open),
                ("2026-02-15 10:00:00", open),
                ("2026-02-16 11:59:59", open),
                ("2026-02-16 12:00:00", false),
                ("2026-02-22 10:00:00", true),
            ],
        );
    }
}

#[test]
fn the_time_zone_is_the_businesss() {
    let mut config = config(Some(&[(Day::Sunday, "00:00-24:00")]), &[]);
    let saturday_evening_utc = Utc.with_ymd_and_hms(2026, 2, 14, 22, 0, 0).unwrap();
    assert!(is_open(&config, saturday_evening_utc));
    config.time_zone = chrono_tz::UTC;
    assert!(!is_open(&config, saturday_evening_utc));
}

#[test]
fn no_hours_is_always_open_and_no_days_is_always_closed() {
    let (none, empty) = (config(None, &[]), config(Some(&[]), &[]));
    check(&none, &[("2026-02-15 03:00:00", true), ("2026-09-21 23:59:59", true)]);
    check(&empty, &[("2026-02-15 12:00:00", false)]);
}

#[test]
fn spans_past_midnight() {
    let config = config(
        Some(&[
            (Day::Saturday, "20:00-02:00"),
            (Day::Monday, "22:00-24:00"),
            (Day::Wednesday, "12:00-12:00"),
        ]),
        &[],
    );
    check(
        &config,
        &[
            ("2026-02-14 01:00:00", false),
            ("2026-02-14 19:59:59", false),
            ("2026-02-14 20:00:00", true),
            ("2026-02-14 23:59:59", true),
            ("2026-02-15 00:00:00", true),
            ("2026-02-15 01:59:59", true),
            ("2026-02-15 02:00:00", false),
            ("2026-02-15 21:00:00", false),
            // 24:00 is midnight.
            ("2026-02-16 23:59:59", true),
            ("2026-02-17 00:00:00", false),
            // Equal ends: a whole day from then on.
            ("2026-02-18 11:59:59", false),
            ("2026-02-18 12:00:00", true),
            ("2026-02-19 11:59:59", true),
            ("2026-02-19 12:00:00", false),
        ],
    );
}

#[test]
fn holidays_replace_the_hours_of_their_own_date() {
    let config = config(
        Some(&[
            (Day::Sunday, "08:00-17:00"),
            (Day::Monday, "08:00-17:00 22:00-03:00"),
            (Day::Tuesday, "08:00-17:00"),
            (Day::Wednesday, "08:00-17:00"),
        ]),
        &[("2026-09-22", ""), ("2026-09-23", "10:00-12:00 23:00-01:00")],
    );
    check(
        &config,
        &[
            // Monday's late span opened before the holiday and runs on.
            ("2026-09-21 23:00:00", true),
            ("2026-09-22 02:59:59", true),
            ("2026-09-22 03:00:00", false),
            // Tuesday is closed, Wednesday has hours of its own.
            ("2026-09-22 10:00:00", false),
            ("2026-09-23 09:59:59", false),
            ("2026-09-23 10:00:00", true),
            ("2026-09-23 12:00:00", false),
            ("2026-09-23 23:30:00", true),
            // Its late span runs into Thursday, which is otherwise closed.
            ("2026-09-24 00:59:59", true),
            ("2026-09-24 01:00:00", false),
            ("2026-09-24 10:00:00", false),
        ],
    );
}

#[test]
fn a_holiday_stops_the_late_span_of_its_own_weekday() {
    let config = config(Some(&[(Day::Monday, "22:00-03:00")]), &[("2026-09-21", "")]);
    check(&config, &[("2026-09-21 23:00:00", false), ("2026-09-22 01:00:00", false)]);
}

#[test]
fn a_holiday_closes_a_business_without_hours() {
    let config = config(None, &[("2026-09-21", ""), ("2026-09-30", "09:00-12:00")]);
    check(
        &config,
        &[
            ("2026-09-20 23:59:59", true),
            ("2026-09-21 00:00:00", false),
            ("2026-09-21 23:59:59", false),
            ("2026-09-22 00:00:00", true),
            ("2026-09-30 08:59:59", false),
            ("2026-09-30 09:00:00", true),
            ("2026-10-01 00:00:00", true),
        ],
    );
}

/// On Friday 2026-03-27 clocks in Israel went from 02:00 to 03:00.
#[test]
fn the_hour_that_summer_time_leaves_out() {
    assert!(moments("2026-03-27 02:30:00").is_empty(), "the gap");
    let into = config(Some(&[(Day::Thursday, "22:00-02:30")]), &[]);
    check(&into, &[("2026-03-27 01:59:59", true), ("2026-03-27 03:00:00", false)]);
    let inside = config(Some(&[(Day::Friday, "02:00-03:00")]), &[]);
    check(&inside, &[("2026-03-27 01:59:59", false), ("2026-03-27 03:00:00", false)]);
    let out_of = config(Some(&[(Day::Friday, "02:30-04:00")]), &[]);
    check(
        &out_of,
        &[("2026-03-27 01:59:59", false), ("2026-03-27 03:00:00", true), ("2026-03-27 04:00:00", false)],
    );
    let last_before = Utc.with_ymd_and_hms(2026, 3, 26, 23, 59, 59).unwrap();
    assert!(is_open(&into, last_before) && !is_open(&into, last_before + Duration::seconds(1)));
}

/// On Sunday 2026-10-25 clocks in Israel went from 02:00 back to 01:00.
#[test]
fn the_hour_that_comes_twice() {
    assert_eq!(moments("2026-10-25 01:15:00").len(), 2, "the fold: `check` tries both");
    let late = config(Some(&[(Day::Saturday, "21:00-01:30")]), &[]);
    check(
        &late,
        &[("2026-10-25 01:29:59", true), ("2026-10-25 01:30:00", false), ("2026-10-25 02:00:00", false)],
    );
    let early = config(Some(&[(Day::Sunday, "01:30-05:00")]), &[]);
    check(
        &early,
        &[("2026-10-25 01:29:59", false), ("2026-10-25 01:30:00", true), ("2026-10-25 02:00:00", true)],
    );
}

#[test]
fn the_ends_of_time_are_no_panic() {
    let config = config(Some(&[(Day::Sunday, "20:00-02:00")]), &[]);
    for moment in [DateTime::<Utc>::MIN_UTC + Duration::days(2), DateTime::<Utc>::MAX_UTC - Duration::days(2)]
    {
        let _ = is_open(&config, moment);
    }
}

const WEEK: [Day; 7] =
    [Day::Sunday, Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday, Day::Saturday];

fn any_moment() -> impl Strategy<Value = DateTime<Utc>> {
    (1_700_000_000_i64..2_000_000_000).prop_map(|s| DateTime::from_timestamp(s, 0).unwrap())
}

fn any_zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec())
}

proptest! {
    #[test]
    fn a_week_of_full_days_is_always_open(
        now in any_moment(), zone in any_zone(),
        full in prop::sample::select(vec!["00:00-24:00", "00:00-00:00", "00:00-12:00 12:00-24:00", "07:00-07:00"]),
    ) {
        let mut config = config(Some(&WEEK.map(|day| (day, full))), &[]);
        config.time_zone = zone;
        prop_assert!(is_open(&config, now));
    }

    #[test]
    fn no_hours_is_always_open(now in any_moment(), zone in any_zone()) {
        let mut config = config(None, &[]);
        config.time_zone = zone;
        prop_assert!(is_open(&config, now));
    }

    /// Against the definition said in another way: minutes of a week on the wall clock.
    #[test]
    fn one_span_opens_exactly_its_minutes(
        day in 0..7_usize, open in 0..1440_u16, close in 0..=1440_u16, minute in 0..(7 * 1440_i64),
    ) {
        let mut config = config(Some(&[]), &[]);
        config.time_zone = chrono_tz::UTC;
        let time = |m| MinuteOfDay::from_minutes(m).unwrap();
        config.settings.hours =
            Some(WeeklyHours([(WEEK[day], vec![Span { open: time(open), close: time(close) }])].into()));
        let sunday = Utc.with_ymd_and_hms(2026, 2, 15, 0, 0, 0).unwrap();
        let start = i64::try_from(day).unwrap() * 1440 + i64::from(open);
        let length = i64::from(close) - i64::from(open) + if close > open { 0 } else { 1440 };
        let expected = (minute - start).rem_euclid(7 * 1440) < length;
        prop_assert_eq!(is_open(&config, sunday + Duration::minutes(minute)), expected);
    }
}

#[test]
fn days_of_rest_close_whatever_the_week_says_and_a_day_of_its_own_does_not_rest() {
    let mut config = config(
        Some(&[(Day::Friday, "09:00-02:00"), (Day::Saturday, "10:00-23:00")]),
        &[("2026-02-21", "10:00-12:00")],
    );
    config.settings.rest = RestDays { shabbat: true, holidays: true, ..RestDays::default() };
    check(
        &config,
        &[
            ("2026-02-13 13:59:59", true),
            ("2026-02-13 14:00:00", false),
            ("2026-02-14 01:00:00", false),
            ("2026-02-14 12:00:00", false),
            ("2026-02-14 19:59:59", false),
            ("2026-02-14 20:00:00", true),
            ("2026-02-14 23:00:00", false),
            // The owner says so for that Shabbat.
            ("2026-02-21 11:00:00", true),
            ("2026-02-21 21:00:00", false),
        ],
    );
    config.settings.hours = None;
    check(
        &config,
        &[("2026-09-12 12:00:00", false), ("2026-09-13 12:00:00", false), ("2026-09-14 12:00:00", true)],
    );
    config.settings.for_now = Some(ForNow { open: true, until: moments("2026-09-13 13:00:00")[0] });
    check(&config, &[("2026-09-13 12:00:00", true), ("2026-09-13 14:00:00", false)]);
}
