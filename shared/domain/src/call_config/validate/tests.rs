use super::*;
use crate::{
    call_config::{
        CallMode, Day, Holiday, Language, Limit, Menu, MenuOption, Person, Ringing, Target, Then,
        WeeklyHours, Who,
    },
    phone::E164,
};

fn number(n: usize) -> E164 {
    E164::parse(&format!("+97254{n:07}")).unwrap()
}

fn span(open: u16, close: u16) -> Span {
    Span { open: MinuteOfDay::from_minutes(open).unwrap(), close: MinuteOfDay::from_minutes(close).unwrap() }
}

#[expect(clippy::unnecessary_wraps, reason = "as the field wants it")]
fn sunday(spans: &[Span]) -> Option<WeeklyHours> {
    Some(WeeklyHours([(Day::Sunday, spans.to_vec())].into()))
}

fn holiday(day: u32, hours: &[Span]) -> Holiday {
    Holiday {
        date: chrono::NaiveDate::from_ymd_opt(2026, 9, day).unwrap(),
        name: Some("ראש השנה".to_owned()),
        hours: hours.to_vec(),
    }
}

/// The fields that are wrong, in order of appearance.
fn wrong(settings: &CallSettings) -> Vec<(String, SettingsProblem)> {
    settings.validate().err().unwrap_or_default().into_iter().map(|e| (e.field, e.problem)).collect()
}

fn with(change: impl FnOnce(&mut CallSettings)) -> CallSettings {
    let mut settings = CallSettings::default();
    change(&mut settings);
    settings
}

#[test]
fn good_settings_pass() {
    for good in [
        CallSettings::default(),
        with(|s| {
            s.mode = CallMode::Forward;
            s.forward_to = (0..10).map(number).collect();
            s.forward_timeout_s = 60;
            s.max_message_s = 3600;
        }),
        with(|s| s.greeting = Some("א".repeat(2000))),
        with(|s| s.greeting = Some("שלום,\r\n\tכאן \u{200F}דני 👩‍👩‍👧 <&>".to_owned())),
        with(|s| s.voice = Some("Google.he-IL-Standard-B".to_owned())),
        with(|s| {
            s.language = Language::En;
            s.voice = Some("Polly.Joanna-Neural".to_owned());
        }),
        with(|s| s.hours = sunday(&[span(540, 780), span(780, 1020), span(1200, 120)])),
        with(|s| s.hours = sunday(&[span(0, 1440)])),
        with(|s| s.hours = sunday(&(0..10).map(|i| span(i * 100, i * 100 + 50)).collect::<Vec<_>>())),
        with(|s| s.holidays = vec![holiday(12, &[]), holiday(13, &[span(600, 780)])]),
    ] {
        assert_eq!(good.validate(), Ok(()), "{good:?}");
    }
}

#[test]
fn each_rule_names_its_field() {
    use SettingsProblem as P;
    let out = |min, max| P::OutOfRange { min, max };
    let table = [
        (with(|s| s.mode = CallMode::Forward), "targets", P::NobodyToForwardTo),
        (with(|s| s.forward_to = (0..11).map(number).collect()), "forward_to", P::TooMany { max: 10 }),
        (with(|s| s.forward_to = vec![number(1), number(2), number(1)]), "forward_to[2]", P::DuplicateNumber),
        (with(|s| s.forward_to = vec![E164::parse("+9720541234567").unwrap()]), "forward_to[0]", P::NoNumber),
        (with(|s| s.forward_timeout_s = 4), "forward_timeout_s", out(5, 60)),
        (with(|s| s.forward_timeout_s = 61), "forward_timeout_s", out(5, 60)),
        (with(|s| s.max_message_s = 4), "max_message_s", out(5, 3600)),
        (with(|s| s.max_message_s = 3601), "max_message_s", out(5, 3600)),
        (with(|s| s.greeting = Some("א".repeat(2001))), "greeting", P::TooLong { max: 2000 }),
        (with(|s| s.greeting = Some(" \n".to_owned())), "greeting", P::Blank),
        (with(|s| s.greeting = Some("a\u{0}b".to_owned())), "greeting", P::ControlCharacter),
        (with(|s| s.greeting = Some("a\u{FFFE}b".to_owned())), "greeting", P::ControlCharacter),
        (with(|s| s.closed_message = Some("\u{85}a".to_owned())), "closed_message", P::ControlCharacter),
        (with(|s| s.voice = Some("Polly.Joanna".to_owned())), "voice", P::WrongVoice),
        (with(|s| s.voice = Some(String::new())), "voice", P::WrongVoice),
        (with(|s| s.hours = sunday(&[span(600, 720), span(540, 601)])), "hours.sunday[0]", P::Overlap),
        (with(|s| s.hours = sunday(&[span(1200, 60), span(1380, 1440)])), "hours.sunday[1]", P::Overlap),
        (with(|s| s.hours = sunday(&[span(0, 0), span(600, 660)])), "hours.sunday[1]", P::Overlap),
        (with(|s| s.hours = sunday(&[span(1440, 60)])), "hours.sunday[0].open", P::OpensAtMidnight),
        (
            with(|s| s.hours = sunday(&(0..11).map(|i| span(i * 100, i * 100 + 50)).collect::<Vec<_>>())),
            "hours.sunday",
            P::TooMany { max: 10 },
        ),
        (with(|s| s.holidays = vec![holiday(12, &[]); 2]), "holidays[1].date", P::DuplicateDate),
        (
            with(|s| s.holidays = vec![holiday(12, &[span(60, 120), span(60, 90)])]),
            "holidays[0].hours[1]",
            P::Overlap,
        ),
        (
            with(|s| s.holidays = vec![Holiday { name: Some("\u{7}x".to_owned()), ..holiday(12, &[]) }]),
            "holidays[0].name",
            P::ControlCharacter,
        ),
    ];
    for (settings, field, problem) in table {
        assert_eq!(wrong(&settings), [(field.to_owned(), problem)], "{settings:?}");
    }
}

#[test]
fn there_can_be_400_holidays() {
    let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let many = |n| {
        with(|s| {
            s.holidays = first.iter_days().take(n).map(|date| Holiday { date, ..holiday(1, &[]) }).collect();
        })
    };
    assert_eq!(wrong(&many(400)), []);
    assert_eq!(wrong(&many(401)), [("holidays".to_owned(), SettingsProblem::TooMany { max: 400 })]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let settings = with(|s| {
        s.mode = CallMode::Forward;
        s.max_message_s = 0;
        s.voice = Some("alice".to_owned());
    });
    let fields: Vec<_> = wrong(&settings).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["voice", "targets", "max_message_s"]);
}

#[test]
fn a_business_does_not_forward_to_itself() {
    let mut config = CallConfig {
        business_id: uuid::Uuid::nil().into(),
        business_name: "דני שיפוצים".to_owned(),
        numbers: vec![number(1)],
        time_zone: chrono_tz::Asia::Jerusalem,
        people: Vec::new(),
        revision: 1,
        settings: with(|s| s.forward_to = vec![number(2)]),
    };
    assert_eq!(config.validate(), Ok(()));
    config.settings.forward_to.push(number(1));
    config.business_name = "  ".to_owned();
    let told: Vec<_> = config.validate().unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "business_name: The text must not be empty.",
            "forward_to[1]: Calls cannot be forwarded to the business's own number.",
        ]
    );
    config.business_name = "\u{202e}Dana".to_owned();
    let told = config.validate().unwrap_err();
    assert_eq!(told[0].problem, SettingsProblem::ControlCharacter);
}

#[test]
fn an_error_has_a_code_for_programs() {
    let error = SettingsError {
        field: "forward_timeout_s".to_owned(),
        problem: SettingsProblem::OutOfRange { min: 5, max: 60 },
    };
    assert_eq!(
        serde_json::to_value(&error).unwrap(),
        serde_json::json!({"field": "forward_timeout_s", "code": "out_of_range", "min": 5, "max": 60})
    );
    assert_eq!(error.to_string(), "forward_timeout_s: It must be between 5 and 60 seconds.");
}

fn rung(n: usize) -> Target {
    Target { who: Who::Number(number(n)), ask: None, timeout_s: None }
}

fn person(n: u128) -> Target {
    Target { who: Who::Member(uuid::Uuid::from_u128(n).into()), ask: None, timeout_s: None }
}

#[test]
fn targets_are_told_apart_and_ring_no_longer_than_the_business_wants() {
    use SettingsProblem as P;
    let one_by_one = |seconds: &[u16]| {
        let target = |(n, s): (usize, &u16)| Target { timeout_s: Some(*s), ..rung(n) };
        let targets: Vec<_> = seconds.iter().enumerate().map(target).collect();
        with(|s| (s.targets, s.ringing) = (targets, Ringing::InOrder))
    };
    for (settings, wanted) in [
        (with(|s| s.targets = vec![rung(1), person(1), person(2)]), None),
        (
            with(|s| s.targets = vec![person(1), rung(1), person(1)]),
            Some(("targets[2].who", P::DuplicatePerson)),
        ),
        (with(|s| s.targets = vec![rung(1), rung(1)]), Some(("targets[1].who", P::DuplicateNumber))),
        (with(|s| s.targets = (0..11).map(rung).collect()), Some(("targets", P::TooMany { max: 10 }))),
        (one_by_one(&[4]), Some(("targets[0].timeout_s", P::OutOfRange { min: 5, max: 60 }))),
        (one_by_one(&[60, 60]), None),
        (one_by_one(&[60, 55, 6]), Some(("targets", P::RingsTooLong { max: 120 }))),
        (with(|s| s.ring_limit_s = 301), Some(("ring_limit_s", P::OutOfRange { min: 5, max: 300 }))),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(|(field, problem)| (field.to_owned(), problem)).collect();
        assert_eq!(wrong(&settings), wanted);
    }
    let at_once = with(|s| s.targets = (0..10).map(|n| Target { timeout_s: Some(60), ..rung(n) }).collect());
    assert_eq!(wrong(&at_once), [], "at once they do not add up");
}

fn option(then: Then) -> MenuOption {
    MenuOption { label: "מכירות".to_owned(), then }
}

fn menu(options: impl IntoIterator<Item = Then>) -> Menu {
    let keys = ('0'..='9').map(|c| crate::call_config::Key::parse(&c.to_string()).unwrap());
    Menu { options: keys.zip(options.into_iter().map(option)).collect(), ..Menu::default() }
}

fn deeper(menu: Menu) -> Then {
    Then::Menu { menu }
}

#[test]
fn a_menu_is_small_and_every_option_leads_somewhere() {
    use SettingsProblem as P;
    let records = |n: usize| menu(std::iter::repeat_n(Then::Record {}, n));
    let say = |text: String| Then::Say { text };
    for (menu, wanted) in [
        (menu([Then::Record {}, say("x".to_owned()), Then::Forward { targets: vec![rung(1)] }]), vec![]),
        (menu([]), vec![("menu.options", P::NothingToChoose)]),
        (
            menu([Then::Forward { targets: vec![] }]),
            vec![("menu.options.0.then.targets", P::NobodyToForwardTo)],
        ),
        (menu([say("  ".to_owned())]), vec![("menu.options.0.then.text", P::Blank)]),
        (
            menu([Then::Record {}, deeper(menu([say("\u{0}".to_owned())]))]),
            vec![("menu.options.1.then.menu.options.0.then.text", P::ControlCharacter)],
        ),
        (
            Menu { prompt: Some("א".repeat(2001)), ..records(1) },
            vec![("menu.prompt", P::TooLong { max: 2000 })],
        ),
        (
            Menu { silent_limit: Limit(0), wrong_limit: Limit(4), ..records(1) },
            vec![
                ("menu.silent_limit", P::OutOfTimes { min: 1, max: 3 }),
                ("menu.wrong_limit", P::OutOfTimes { min: 1, max: 3 }),
            ],
        ),
        (menu([deeper(menu([deeper(records(1))]))]), vec![]),
        (
            menu([deeper(menu([deeper(menu([deeper(records(1))]))]))]),
            vec![(
                "menu.options.0.then.menu.options.0.then.menu.options.0.then.menu",
                P::MenuTooDeep { max: 3 },
            )],
        ),
        // 1 + 4 + 35: forty, and one more.
        (menu([deeper(records(9)), deeper(records(9)), deeper(records(9)), deeper(records(8))]), vec![]),
        (
            menu([deeper(records(9)), deeper(records(9)), deeper(records(9)), deeper(records(9))]),
            vec![("menu", P::TooMany { max: 40 })],
        ),
        (
            menu((0..10).map(|_| deeper(menu([say("א".repeat(2000)), say("א".repeat(1900))])))),
            vec![("menu", P::MenuTooLarge { max: 64_000 })],
        ),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(|(field, problem)| (field.to_owned(), problem)).collect();
        assert_eq!(wrong(&with(|s| s.menu = Some(menu.clone()))), wanted);
    }
    let unlabelled = Menu {
        options: [(
            crate::call_config::Key::parse("1").unwrap(),
            MenuOption { label: " ".to_owned(), then: Then::Record {} },
        )]
        .into(),
        ..Menu::default()
    };
    assert_eq!(wrong(&with(|s| s.menu = Some(unlabelled))), [("menu.options.1.label".to_owned(), P::Blank)]);
}

#[test]
fn only_people_of_the_business_who_have_a_number_of_their_own_are_rung() {
    let user = uuid::Uuid::from_u128(1).into();
    let mut config = CallConfig {
        business_id: uuid::Uuid::nil().into(),
        business_name: "דני שיפוצים".to_owned(),
        numbers: vec![number(1)],
        time_zone: chrono_tz::Asia::Jerusalem,
        people: vec![Person { user_id: user, number: number(2), hours: None, not_before: None }],
        revision: 1,
        settings: with(|s| {
            s.targets = vec![person(1)];
            s.menu = Some(menu([Then::Forward { targets: vec![person(1), person(9), rung(1)] }]));
        }),
    };
    let told = |config: &CallConfig| -> Vec<_> {
        let errors = config.validate().err().unwrap_or_default();
        errors.into_iter().map(|error| (error.field, error.problem)).collect()
    };
    let at = |field: &str, problem| (field.to_owned(), problem);
    let in_menu = [
        at("menu.options.0.then.targets[1].who", SettingsProblem::NotReachable),
        at("menu.options.0.then.targets[2].who", SettingsProblem::OwnNumber),
    ];
    assert_eq!(told(&config), in_menu);
    config.people[0].number = number(1);
    config.settings.menu = None;
    assert_eq!(told(&config), [at("targets[0].who", SettingsProblem::OwnNumber)]);
}
