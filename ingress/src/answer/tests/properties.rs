//! Whatever a business writes, its callers hear it and Twilio can read it.

use proptest::prelude::*;
use prosaas_domain::call_config::ClosedAction;

use super::{
    super::*,
    support::{CALLER, caller, config, forward, names, never_open, noon, parse, said},
};

/// Any text of up to 2,000 characters, and those that break careless writers.
fn any_text() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "]]>",
        "&",
        "<",
        ">",
        "\"",
        "'",
        "&amp;",
        "&#0;",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?x?>",
        "\r\n",
        "\u{0}",
        "\u{B}",
        "\u{1F}",
        "\u{7F}",
        "\u{85}",
        "\u{FFFE}",
        "\u{FFFF}",
        "\u{FEFF}",
        "\u{200F}",
        "\u{202E}",
        "\u{2028}",
        "👩‍👩‍👧",
        "🇮🇱",
        "שָׁלוֹם",
        " ",
        ". ",
        "</Say><Hangup/>",
    ])
    .prop_map(str::to_owned);
    prop_oneof![
        prop::collection::vec(prop_oneof![3 => nasty, 1 => any::<String>(), 1 => "[א-ת .]{0,90}"], 0..250)
            .prop_map(|parts| parts.concat()),
        prop::collection::vec(any::<char>(), 1900..2000).prop_map(|chars| chars.into_iter().collect()),
        prop::sample::select(vec!["\"", "🇮🇱", "א", "&", "a. ", "\u{10FFFF}"])
            .prop_map(|unit| unit.repeat(2000)),
    ]
    .prop_map(|text| text.chars().take(2000).collect())
}

/// What of a text can be heard at all, by a definition of its own.
fn heard(text: &str) -> String {
    text.chars()
        .filter(|c| {
            !c.is_whitespace()
                && !matches!(c, '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}')
        })
        .collect()
}

fn check_says(bytes: &Bytes) -> Result<(), TestCaseError> {
    prop_assert!(bytes.len() < 64_000, "{} bytes", bytes.len());
    for say in parse(bytes).iter().filter(|e| e.name == "Say") {
        let encoded = percent_encoding::utf8_percent_encode(&say.text, percent_encoding::NON_ALPHANUMERIC);
        prop_assert!(encoded.to_string().len() <= 4500);
        prop_assert!(say.text.len() <= 3000 && !say.text.trim().is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_settings_text_is_said_and_nothing_else(
        greeting in any_text(), closed in any_text(), name in any_text(), forwards: bool, hang_up: bool,
    ) {
        let mut config = config(|s| {
            s.greeting = Some(greeting.clone());
            s.closed_message = Some(closed.clone());
            if forwards {
                forward(s);
            }
            if hang_up {
                s.closed_action = ClosedAction::HangUp;
            }
        });
        config.business_name = name;
        let open = CompiledAnswers::compile(&config).unwrap().incoming(noon(), caller(CALLER)).1;
        never_open(&mut config.settings);
        let shut = CompiledAnswers::compile(&config).unwrap().incoming(noon(), caller(CALLER)).1;
        for (bytes, text) in [(&open, &greeting), (&shut, &closed)] {
            check_says(bytes)?;
            prop_assert!(heard(&said(bytes)).starts_with(&heard(text)));
        }
        let verbs: Vec<_> = names(&open).into_iter().filter(|name| name != "Say").collect();
        let expected: &[&str] = if forwards { &["Dial", "Number", "Number"] } else { &["Record", "Hangup"] };
        prop_assert_eq!(verbs, expected);
    }

    #[test]
    fn any_business_name_is_said_in_the_default_greeting(name in any_text()) {
        let mut config = config(|_| ());
        config.business_name = name;
        let bytes = CompiledAnswers::compile(&config).unwrap().incoming(noon(), caller(CALLER)).1;
        check_says(&bytes)?;
        check_says(&screening(&config, CALLER, None))?;
        let spoken = heard(config.business_name.trim().trim_end_matches('.'));
        prop_assert!(heard(&said(&bytes)).contains(&spoken));
    }

    /// What validation lets through never fails to render, at the length limit too.
    #[test]
    fn valid_settings_compile(greeting in any_text(), closed in any_text()) {
        let typed = |text: String| {
            let text: String = text
                .chars()
                .filter(|c| (!c.is_control() || matches!(c, '\n' | '\t')) && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
                .collect();
            (!text.trim().is_empty()).then_some(text)
        };
        let config = config(|s| {
            s.greeting = typed(greeting);
            s.closed_message = typed(closed);
        });
        prop_assert_eq!(config.validate(), Ok(()));
        prop_assert!(CompiledAnswers::compile(&config).is_ok());
    }
}
