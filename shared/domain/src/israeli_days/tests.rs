use std::collections::BTreeMap;

use anyhow::Context as _;
use proptest::prelude::*;

use super::*;

/// First day of Pesach, its seventh day, Shavuot, first day of Rosh Hashana, Yom Kippur, first day of Sukkot
/// and Simchat Torah, 2025 to 2040.
const FESTIVALS: [[&str; 7]; 16] = [
    ["2025-04-13", "2025-04-19", "2025-06-02", "2025-09-23", "2025-10-02", "2025-10-07", "2025-10-14"],
    ["2026-04-02", "2026-04-08", "2026-05-22", "2026-09-12", "2026-09-21", "2026-09-26", "2026-10-03"],
    ["2027-04-22", "2027-04-28", "2027-06-11", "2027-10-02", "2027-10-11", "2027-10-16", "2027-10-23"],
    ["2028-04-11", "2028-04-17", "2028-05-31", "2028-09-21", "2028-09-30", "2028-10-05", "2028-10-12"],
    ["2029-03-31", "2029-04-06", "2029-05-20", "2029-09-10", "2029-09-19", "2029-09-24", "2029-10-01"],
    ["2030-04-18", "2030-04-24", "2030-06-07", "2030-09-28", "2030-10-07", "2030-10-12", "2030-10-19"],
    ["2031-04-08", "2031-04-14", "2031-05-28", "2031-09-18", "2031-09-27", "2031-10-02", "2031-10-09"],
    ["2032-03-27", "2032-04-02", "2032-05-16", "2032-09-06", "2032-09-15", "2032-09-20", "2032-09-27"],
    ["2033-04-14", "2033-04-20", "2033-06-03", "2033-09-24", "2033-10-03", "2033-10-08", "2033-10-15"],
    ["2034-04-04", "2034-04-10", "2034-05-24", "2034-09-14", "2034-09-23", "2034-09-28", "2034-10-05"],
    ["2035-04-24", "2035-04-30", "2035-06-13", "2035-10-04", "2035-10-13", "2035-10-18", "2035-10-25"],
    ["2036-04-12", "2036-04-18", "2036-06-01", "2036-09-22", "2036-10-01", "2036-10-06", "2036-10-13"],
    ["2037-03-31", "2037-04-06", "2037-05-20", "2037-09-10", "2037-09-19", "2037-09-24", "2037-10-01"],
    ["2038-04-20", "2038-04-26", "2038-06-09", "2038-09-30", "2038-10-09", "2038-10-14", "2038-10-21"],
    ["2039-04-09", "2039-04-15", "2039-05-29", "2039-09-19", "2039-09-28", "2039-10-03", "2039-10-10"],
    ["2040-03-29", "2040-04-04", "2040-05-18", "2040-09-08", "2040-09-17", "2040-09-22", "2040-09-29"],
];

/// When Israel kept its Independence Day, or has announced it. Of these years 2019 and 2024 moved to a later
/// date, 2018, 2021, 2022 and 2025 to an earlier one.
const INDEPENDENCE: [&str; 9] = [
    "2018-04-19",
    "2019-05-09",
    "2020-04-29",
    "2021-04-15",
    "2022-05-05",
    "2023-04-26",
    "2024-05-14",
    "2025-05-01",
    "2026-04-22",
];

fn days_of(year: i32) -> anyhow::Result<Vec<(NaiveDate, IsraeliDay)>> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).context("a year")?;
    let dates = first.iter_days().take_while(|date| date.year() == year);
    Ok(dates.filter_map(|date| Some((date, IsraeliDay::on(date)?))).collect())
}

#[test]
fn festivals_fall_on_their_published_dates_and_no_others() -> anyhow::Result<()> {
    for (year, row) in (2025..).zip(FESTIVALS) {
        let dates = row.iter().map(|date| date.parse()).collect::<Result<Vec<NaiveDate>, _>>()?;
        let names = [
            IsraeliDay::Pesach,
            IsraeliDay::SeventhOfPesach,
            IsraeliDay::Shavuot,
            IsraeliDay::RoshHashana,
            IsraeliDay::YomKippur,
            IsraeliDay::Sukkot,
            IsraeliDay::SimchatTorah,
        ];
        let mut published: Vec<_> = dates.iter().copied().zip(names).collect();
        let second = dates[3].succ_opt().context("a day after")?;
        published.insert(4, (second, IsraeliDay::RoshHashana));
        let mut computed = days_of(year)?;
        computed.retain(|(_, day)| day.kind() == DayKind::YomTov);
        assert_eq!(computed, published, "{year}");
    }
    Ok(())
}

#[test]
fn independence_day_and_the_memorial_day_before_it_keep_off_shabbat() -> anyhow::Result<()> {
    for date in INDEPENDENCE {
        let date: NaiveDate = date.parse()?;
        let mut computed = days_of(date.year())?;
        computed.retain(|(_, day)| matches!(day.kind(), DayKind::Memorial | DayKind::Independence));
        let eve = date.pred_opt().context("a day before")?;
        assert_eq!(computed, [(eve, IsraeliDay::MemorialDay), (date, IsraeliDay::IndependenceDay)]);
    }
    for year in 2004..2200 {
        let days = days_of(year)?;
        let national: Vec<_> = days.iter().filter(|(_, day)| day.kind() == DayKind::Independence).collect();
        let [(date, _)] = national[..] else { anyhow::bail!("{year} has {national:?}") };
        assert!(matches!(date.weekday(), Weekday::Tue | Weekday::Wed | Weekday::Thu), "{date}");
    }
    Ok(())
}

#[test]
fn each_year_has_every_day_as_often_as_the_calendar_says() -> anyhow::Result<()> {
    for year in 2004..2200 {
        let mut count = BTreeMap::new();
        for (_, day) in days_of(year)? {
            *count.entry(day).or_insert(0) += 1;
        }
        let expected = |day| match day {
            IsraeliDay::RoshHashana => 2,
            IsraeliDay::CholHamoedSukkot => 5,
            IsraeliDay::CholHamoedPesach => 4,
            _ => 1,
        };
        assert_eq!(count.len(), 18, "{year}: {count:?}");
        assert!(count.iter().all(|(day, times)| *times == expected(*day)), "{year}: {count:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_eve_is_the_day_before_a_festival_and_every_festival_has_one(days in 0i32..150_000) {
        // From 1900 on.
        let date = NaiveDate::from_num_days_from_ce_opt(693_596 + days).context("a date").map_err(|e| TestCaseError::fail(e.to_string()))?;
        let kind = |date: Option<NaiveDate>| date.and_then(IsraeliDay::on).map(IsraeliDay::kind);
        match kind(Some(date)) {
            Some(DayKind::Eve) => prop_assert_eq!(kind(date.succ_opt()), Some(DayKind::YomTov)),
            Some(DayKind::YomTov) => {
                let before = kind(date.pred_opt());
                prop_assert!(matches!(before, Some(DayKind::Eve | DayKind::YomTov)), "{:?}", before);
            }
            _ => {}
        }
    }
}
