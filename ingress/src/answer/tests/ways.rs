//! The ways that a call can take: menus, and people who are rung one after the other.

use std::collections::BTreeMap;

use proptest::prelude::*;
use prosaas_domain::{
    call_config::{
        CallMode, CallSettings, Key, Limit, Menu, MenuOption, Person, Ringing, Target, Then, WeeklyHours, Who,
    },
    ids::UserId,
};
use prosaas_events::call::{MenuResult, MenuThen};

use super::{
    super::*,
    support::{CALLER, Element, caller, compiled, config, names, noon, number, parse, said},
};

fn target(n: u32) -> Target {
    Target { who: Who::Number(number(n)), ask: None, timeout_s: None }
}

fn user(n: u128) -> UserId {
    uuid::Uuid::from_u128(n).into()
}

fn key(digit: char) -> Key {
    Key::parse(&digit.to_string()).unwrap()
}

/// An address's parameters.
fn parameters(element: &Element, name: &str) -> BTreeMap<String, String> {
    let address = element.attribute(name).unwrap();
    let query = address.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect()
}

fn find(document: &Bytes, name: &str) -> Option<Element> {
    parse(document).into_iter().find(|element| element.name == name)
}

fn round_of(dial: &Element) -> Round {
    let parameters = parameters(dial, "action");
    Round::read(|name| parameters.get(name).map(String::as_str))
}

fn asked_of(gather: &Element) -> Asked {
    let parameters = parameters(gather, "action");
    Asked::read(|name| parameters.get(name).map(String::as_str))
}

/// The numbers that a caller's call rings who reaches nobody, step by step.
fn rung(answers: &CompiledAnswers, mut document: Bytes) -> Vec<Vec<String>> {
    let mut rung = Vec::new();
    while let Some(dial) = find(&document, "Dial") {
        rung.push(parse(&document).into_iter().filter(|e| e.name == "Number").map(|e| e.text).collect());
        assert!(rung.len() <= 10, "a call ends: {rung:?}");
        document = answers.after_dial(noon(), caller(CALLER), &round_of(&dial), false);
    }
    assert!(names(&document).contains(&"Record".to_owned()), "whoever reaches nobody leaves a message");
    rung
}

fn one_by_one(ringing: Ringing) -> CompiledAnswers {
    compiled(|s| {
        s.mode = CallMode::Forward;
        s.ringing = ringing;
        s.targets = vec![Target { timeout_s: Some(7), ..target(1) }, target(2), target(3)];
    })
}

#[test]
fn one_after_the_other_each_with_its_own_time() {
    let answers = one_by_one(Ringing::InOrder);
    let first = answers.incoming(noon(), caller(CALLER)).1;
    let dial = find(&first, "Dial").unwrap();
    assert_eq!(dial.attribute("timeout"), Some("7"));
    let action = format!("/webhook/dial_result?screened=1&step=0&since={}", noon().timestamp());
    assert_eq!(dial.attribute("action"), Some(action.as_str()));
    // Being asked takes time, too: two minutes after the first rang nobody more is rung.
    let later = |seconds| {
        let now = noon() + chrono::TimeDelta::seconds(seconds);
        names(&answers.after_dial(now, caller(CALLER), &round_of(&dial), false)).contains(&"Dial".to_owned())
    };
    assert!(later(119) && !later(120));
    assert_eq!(rung(&answers, first.clone()).concat(), [1, 2, 3].map(|n| number(n).to_string()));
    let second = answers.after_dial(noon(), caller("anonymous"), &round_of(&dial), false);
    let dial = find(&second, "Dial").unwrap();
    assert_eq!((dial.attribute("timeout"), dial.attribute("callerId")), (Some("20"), Some("+972540000000")));
    assert!(said(&second).contains(sentences::still_connecting(Language::He)), "silence would end the call");
    assert_eq!(names(&answers.after_dial(noon(), caller(CALLER), &round_of(&dial), true)), ["Hangup"]);
}

#[test]
fn in_turn_each_call_begins_with_the_next() {
    let answers = one_by_one(Ringing::InTurn);
    let call = || rung(&answers, answers.incoming(noon(), caller(CALLER)).1).concat();
    let numbers = |order: [u32; 3]| order.map(|n| number(n).to_string());
    assert_eq!(call(), numbers([1, 2, 3]));
    assert_eq!(call(), numbers([2, 3, 1]));
    assert_eq!(call(), numbers([3, 1, 2]));
    // A change of the settings begins no new count.
    let changed = one_by_one(Ringing::InTurn).continuing(&answers);
    assert_eq!(rung(&changed, changed.incoming(noon(), caller(CALLER)).1).concat(), numbers([1, 2, 3]));
    assert_eq!(call(), numbers([2, 3, 1]));
}

#[test]
fn each_list_has_turns_of_its_own() {
    let list = |first| Then::Forward { targets: vec![target(first), target(first + 1)] };
    let answers = compiled(|s| {
        s.ringing = Ringing::InTurn;
        let options = [(key('1'), option("א", list(1))), (key('2'), option("ב", list(3)))];
        s.menu = Some(Menu { options: options.into(), ..Menu::default() });
    });
    let press = |digits| {
        let document = answers.pressed(noon(), caller(CALLER), &Asked::default(), Some(digits)).1;
        rung(&answers, document).concat().remove(0)
    };
    let order = ["1", "2", "1", "2"].map(press);
    assert_eq!(order, [1, 3, 2, 4].map(|n| number(n).to_string()));
}

#[test]
fn people_are_rung_where_and_when_they_take_calls() {
    let person = |n: u32, change: fn(&mut Person)| {
        let mut person = Person { user_id: user(n.into()), number: number(n), hours: None, not_before: None };
        change(&mut person);
        person
    };
    let member = |n: u128| Target { who: Who::Member(user(n)), ask: None, timeout_s: None };
    let mut config = config(|s| {
        s.mode = CallMode::Forward;
        s.targets = vec![member(1), member(2), member(3), member(4), target(5), member(9)];
    });
    config.people = vec![
        person(1, |_| ()),
        person(2, |p| p.not_before = Some(noon() + chrono::TimeDelta::hours(1))),
        person(3, |p| p.not_before = Some(noon())),
        person(4, |p| p.hours = Some(WeeklyHours::default())),
    ];
    let at = |config: &CallConfig, now| {
        let answers = CompiledAnswers::compile(config).unwrap();
        answers.incoming(now, caller(CALLER))
    };
    let all = |document: &Bytes| -> Vec<String> {
        parse(document).into_iter().filter(|e| e.name == "Number").map(|e| e.text).collect()
    };
    let wanted =
        |numbers: &[u32]| -> Vec<String> { numbers.iter().map(|n| number(*n).to_string()).collect() };
    assert_eq!(all(&at(&config, noon()).1), wanted(&[1, 3, 5]), "who left is not rung");
    assert_eq!(all(&at(&config, noon() + chrono::TimeDelta::hours(1)).1), wanted(&[1, 2, 3, 5]));
    let document = at(&config, noon()).1;
    let asked: Vec<_> = parse(&document).into_iter().filter(|e| e.name == "Number").collect();
    assert_eq!(parameters(&asked[0], "url").get("user"), Some(&user(1).to_string()));
    assert_eq!(parameters(&asked[2], "url").get("user"), None);
    // One alone: the end of the dial tells who it was.
    config.settings.ringing = Ringing::InOrder;
    let dial = find(&at(&config, noon()).1, "Dial").unwrap();
    assert_eq!(parameters(&dial, "action").get("user"), Some(&user(1).to_string()));
    // Nobody takes calls: then nobody is said to be rung.
    for ringing in [Ringing::All, Ringing::InOrder, Ringing::InTurn] {
        config.settings.ringing = ringing;
        config.settings.targets = vec![member(2), member(4)];
        let (answer, document) = at(&config, noon());
        assert_eq!(
            (answer, names(&document).join(" ").as_str()),
            (Answer::Record, "Say Say Say Record Say Hangup")
        );
        assert!(said(&document).contains(sentences::nobody_available(Language::He)));
    }
}

fn option(label: &str, then: Then) -> MenuOption {
    MenuOption { label: label.to_owned(), then }
}

fn a_menu(settings: &mut CallSettings) {
    let more = Menu {
        options: [(key('0'), option("שעות", Then::Say { text: "תשע עד חמש".to_owned() }))].into(),
        ..Menu::default()
    };
    settings.menu = Some(Menu {
        options: [
            (key('1'), option("מכירות", Then::Forward { targets: vec![target(1), target(2)] })),
            (key('2'), option("הודעה", Then::Record {})),
            (key('3'), option("עוד", Then::Menu { menu: more })),
        ]
        .into(),
        ..Menu::default()
    });
}

#[test]
fn a_menu_is_said_after_the_greeting_and_leads_where_it_says() {
    let answers = compiled(a_menu);
    let (answer, first) = answers.incoming(noon(), caller(CALLER));
    assert_eq!((answer, names(&first).join(" ").as_str()), (Answer::Record, "Say Gather Say"));
    assert!(said(&first).ends_with("עבור מכירות, הקישו 1. עבור הודעה, הקישו 2. עבור עוד, הקישו 3."));
    let gather = find(&first, "Gather").unwrap();
    for (name, value) in [
        ("action", "/webhook/menu?at="),
        ("numDigits", "1"),
        ("actionOnEmptyResult", "true"),
        ("finishOnKey", ""),
    ] {
        assert_eq!(gather.attribute(name), Some(value), "{name}");
    }
    let press = |at: &str, digits: Option<&str>| {
        let asked = Asked { at: MenuPath::parse(at).unwrap(), ..Asked::default() };
        answers.pressed(noon(), caller(CALLER), &asked, digits)
    };
    let fact = |pressed: Option<Pressed>| {
        let pressed = pressed.unwrap();
        (pressed.result, pressed.key.map(Key::digit), pressed.label, pressed.then)
    };
    for (at, digits, wanted, verbs) in [
        (
            "",
            "1",
            (MenuResult::Chosen, Some('1'), Some("מכירות"), Some(MenuThen::Forward)),
            "Say Dial Number Number",
        ),
        (
            "",
            "2",
            (MenuResult::Chosen, Some('2'), Some("הודעה"), Some(MenuThen::Record)),
            "Say Record Say Hangup",
        ),
        ("", "3", (MenuResult::Chosen, Some('3'), Some("עוד"), Some(MenuThen::Menu)), "Gather Say"),
        ("3", "0", (MenuResult::Chosen, Some('0'), Some("שעות"), Some(MenuThen::Say)), "Say Hangup"),
        ("", "9", (MenuResult::Wrong, Some('9'), None, None), "Say Gather Say"),
        ("", "#", (MenuResult::Wrong, None, None, None), "Say Gather Say"),
        ("3", "١", (MenuResult::Wrong, None, None, None), "Say Gather Say"),
    ] {
        let (pressed, document) = press(at, Some(digits));
        let (result, key, label, then) = wanted;
        assert_eq!(fact(pressed), (result, key, label.map(str::to_owned), then), "{at} {digits}");
        assert_eq!(names(&document).join(" "), verbs, "{at} {digits}");
    }
    let (pressed, document) = press("", None);
    assert_eq!(fact(pressed), (MenuResult::Silent, None, None, None));
    assert_eq!(asked_of(&find(&document, "Gather").unwrap()).silent, 1);
    // Those who were rung from a menu are rung on from there.
    let dial = find(&press("", Some("1")).1, "Dial").unwrap();
    assert_eq!(round_of(&dial).menu, MenuPath::parse("1").unwrap());
    // Settings have changed, and the menu is gone.
    let (pressed, document) = press("1", Some("1"));
    assert_eq!((pressed, names(&document).join(" ").as_str()), (None, "Say Record Say Hangup"));
}

#[test]
fn who_chooses_nothing_goes_the_way_of_a_business_without_a_menu() {
    let forwarding = compiled(|s| {
        a_menu(s);
        s.mode = CallMode::Forward;
        s.targets = vec![target(4)];
    });
    assert_eq!(forwarding.incoming(noon(), caller(CALLER)).0, Answer::Forward);
    for (answers, verbs) in [(&forwarding, "Say Dial Number"), (&compiled(a_menu), "Say Record Say Hangup")] {
        for (asked, digits) in [
            (Asked { silent: 1, ..Asked::default() }, None),
            (Asked { wrong: 1, ..Asked::default() }, Some("9")),
            (Asked { silent: u8::MAX, wrong: u8::MAX, ..Asked::default() }, None),
        ] {
            let (pressed, document) = answers.pressed(noon(), caller(CALLER), &asked, digits);
            assert_eq!(names(&document).join(" "), verbs, "{asked:?}");
            assert!(pressed.is_some_and(|pressed| pressed.result != MenuResult::Chosen));
        }
    }
    let documents = rung(
        &forwarding,
        forwarding.pressed(noon(), caller(CALLER), &Asked { silent: 1, ..Asked::default() }, None).1,
    );
    assert_eq!(documents.concat(), [number(4).to_string()]);
}

fn any_then(depth: u32) -> BoxedStrategy<Then> {
    let targets = prop::collection::vec((1..9u32).prop_map(target), 0..4);
    let leaf = prop_oneof![
        Just(Then::Record {}),
        "[א-ת<&\"]{0,40}".prop_map(|text| Then::Say { text }),
        targets.prop_map(|targets| Then::Forward { targets }),
    ];
    if depth == 0 {
        leaf.boxed()
    } else {
        prop_oneof![2 => leaf, 1 => any_menu(depth - 1).prop_map(|menu| Then::Menu { menu })].boxed()
    }
}

fn any_menu(depth: u32) -> BoxedStrategy<Menu> {
    let keys = prop::sample::subsequence(('0'..='9').collect::<Vec<_>>(), 0..6);
    let options = keys.prop_flat_map(move |keys| {
        let thens = prop::collection::vec((any_then(depth), "[א-ת]{1,9}"), keys.len());
        thens.prop_map(move |thens| {
            let options = thens.into_iter().map(|(then, label)| MenuOption { label, then });
            keys.iter().map(|digit| key(*digit)).zip(options).collect()
        })
    });
    // Beyond what validation lets through, too.
    (options, any::<u8>(), any::<u8>(), prop::option::of("[א-ת .]{0,60}"))
        .prop_map(|(options, silent, wrong, prompt)| Menu {
            prompt,
            options,
            silent_limit: Limit(silent),
            wrong_limit: Limit(wrong),
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever a business's menus are and whatever a caller presses, each step asks less than the one before, and the
    /// call ends.
    #[test]
    fn any_keys_in_any_menu_end_the_call(
        menu in any_menu(3),
        forwards: bool,
        ringing in prop::sample::select(vec![Ringing::All, Ringing::InOrder, Ringing::InTurn]),
        presses in prop::collection::vec(prop::option::of("[0-9#*]"), 0..40),
    ) {
        let answers = compiled(|s| {
            s.menu = Some(menu);
            s.ringing = ringing;
            if forwards {
                s.mode = CallMode::Forward;
                s.targets = vec![target(1), target(2)];
            }
        });
        let mut document = answers.incoming(noon(), caller(CALLER)).1;
        let mut presses = presses.into_iter();
        let (mut asked, mut dialled) = (0, 0);
        loop {
            prop_assert!(document.len() <= MAX_DOCUMENT);
            if let Some(gather) = find(&document, "Gather") {
                asked += 1;
                let digits = presses.next().flatten();
                document = answers.pressed(noon(), caller(CALLER), &asked_of(&gather), digits.as_deref()).1;
            } else if let Some(dial) = find(&document, "Dial") {
                dialled += 1;
                document = answers.after_dial(noon(), caller(CALLER), &round_of(&dial), false);
            } else {
                break;
            }
            // Four menus deep at most here, each said five times at most; ten people.
            prop_assert!(asked <= 20 && dialled <= 10, "{asked} {dialled}");
        }
        let verbs = names(&document);
        prop_assert_eq!(verbs.last().map(String::as_str), Some("Hangup"));
    }
}

#[test]
fn the_largest_menu_is_rendered() {
    let full = |then: &dyn Fn() -> Then, n: usize| Menu {
        prompt: Some("א".repeat(700)),
        options: ('0'..='9').take(n).map(|digit| (key(digit), option("אפשרות", then()))).collect(),
        ..Menu::default()
    };
    let say = || Then::Say { text: "א".repeat(700) };
    let deeper = || Then::Menu { menu: full(&say, 9) };
    let settings = |s: &mut CallSettings| {
        let mut first = full(&deeper, 3);
        first.options.extend(('4'..='9').map(|digit| (key(digit), option("אפשרות", say()))));
        s.menu = Some(first);
    };
    let config = config(settings);
    assert_eq!(
        config.settings.menu.as_ref().unwrap().menus().iter().map(|(_, m)| m.options.len()).sum::<usize>()
            + 1,
        37
    );
    assert_eq!(config.validate(), Ok(()));
    let answers = CompiledAnswers::compile(&config).unwrap();
    assert!(answers.incoming(noon(), caller(CALLER)).1.len() < MAX_DOCUMENT);
}
