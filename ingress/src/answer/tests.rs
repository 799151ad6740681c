mod properties;
mod support;
mod ways;

use chrono::TimeZone;
use prosaas_domain::call_config::{CallMode, CallSettings, ClosedAction, Screening};

use self::support::{
    CALLER, caller, compiled, config, forward, names, never_open, noon, number, parse, said,
};
use super::*;

#[test]
fn every_document_in_both_languages() {
    let lines = |bytes: &Bytes| std::str::from_utf8(bytes).unwrap().replace("><", ">\n<");
    for (language, code) in [(Language::He, "he"), (Language::En, "en")] {
        let answers = |change: fn(&mut CallSettings)| {
            compiled(|s| {
                s.language = language;
                change(s);
            })
        };
        let record = answers(|_| ());
        let closed_hang_up = answers(|s| {
            never_open(s);
            s.closed_action = ClosedAction::HangUp;
        });
        let forward_unrecorded = answers(|s| {
            forward(s);
            s.record_forwarded = false;
        });
        for (name, bytes) in [
            ("record", record.incoming(noon(), caller(CALLER)).1),
            ("forward", answers(forward).incoming(noon(), caller(CALLER)).1),
            ("forward_unrecorded", forward_unrecorded.incoming(noon(), caller(CALLER)).1),
            ("closed_record", answers(never_open).incoming(noon(), caller(CALLER)).1),
            ("closed_hang_up", closed_hang_up.incoming(noon(), caller(CALLER)).1),
            ("nobody_answered", record.after_dial(noon(), caller(CALLER), &Round::default(), false)),
            ("after_recording", after_recording(language)),
            ("screening", screening(&config(|s| s.language = language), CALLER, None)),
        ] {
            insta::assert_snapshot!(format!("{name}_{code}"), lines(&bytes));
        }
    }
    insta::assert_snapshot!("unknown_number", lines(&unknown_number()));
    insta::assert_snapshot!("safe_fallback", lines(&safe_fallback()));
    insta::assert_snapshot!("hang_up", lines(&hang_up()));
}

#[test]
fn the_mode_and_the_hours_decide() {
    for (change, answer, verbs) in [
        ((|_| ()) as fn(&mut CallSettings), Answer::Record, "Say Say Record Say Hangup"),
        (forward, Answer::Forward, "Say Say Dial Number Number"),
        (never_open, Answer::Closed, "Say Say Record Say Hangup"),
        // Nobody to forward to, or only the number itself: a message is taken.
        (|s| s.mode = CallMode::Forward, Answer::Record, "Say Say Record Say Hangup"),
        (
            |s| {
                s.mode = CallMode::Forward;
                s.forward_to = vec![number(0)];
            },
            Answer::Record,
            "Say Say Record Say Hangup",
        ),
    ] {
        let (decided, bytes) = compiled(change).incoming(noon(), caller(CALLER));
        assert_eq!(decided, answer);
        assert_eq!(names(&bytes).join(" "), verbs);
    }
}

#[test]
fn the_hour_decides_on_each_call() {
    let answers = compiled(|s| {
        s.hours = Some(serde_json::from_str(r#"{"sunday":[{"open":"09:00","close":"17:00"}]}"#).unwrap());
    });
    let at =
        |hour| answers.incoming(Utc.with_ymd_and_hms(2026, 2, 15, hour, 0, 0).unwrap(), caller(CALLER)).0;
    assert_eq!(
        [at(6), at(7), at(14), at(15)],
        [Answer::Closed, Answer::Record, Answer::Record, Answer::Closed]
    );
}

#[test]
fn the_same_bytes_for_the_same_moment() {
    let (answers, again) = (compiled(forward), compiled(forward));
    assert_eq!(answers.incoming(noon(), caller(CALLER)), again.incoming(noon(), caller(CALLER)));
    assert_eq!(
        answers.incoming(noon(), caller(CALLER)).1.as_ptr(),
        answers.incoming(noon(), caller(CALLER)).1.as_ptr(),
        "a clone copies nothing"
    );
}

#[test]
fn only_a_conversation_ends_after_forwarding() {
    let answers = compiled(forward);
    assert_eq!(
        names(&answers.after_dial(noon(), caller(CALLER), &Round::default(), true)).join(" "),
        "Hangup"
    );
    assert_eq!(
        names(&answers.after_dial(noon(), caller(CALLER), &Round::default(), false)).join(" "),
        "Say Say Record Say Hangup"
    );
}

#[test]
fn mobile_phones_are_asked_before_the_caller_is_put_through() {
    let landline = E164::parse("+97233724000").unwrap();
    for (change, asked, action) in [
        ((|_| ()) as fn(&mut CallSettings), [true, true, false], "/webhook/dial_result"),
        (
            |s| s.screening = vec![Screening { number: number(1), ask: false }],
            [false, true, false],
            "/webhook/dial_result",
        ),
        // Everybody is asked: then Twilio has to say that the two were connected.
        (
            |s| {
                s.forward_to.pop();
            },
            [true, true, false],
            "/webhook/dial_result?screened=1",
        ),
    ] {
        let bytes = compiled(|s| {
            forward(s);
            s.forward_to.push(landline.clone());
            change(s);
        });
        let elements = parse(&bytes.incoming(noon(), caller(CALLER)).1);
        let dial = elements.iter().find(|e| e.name == "Dial").unwrap();
        assert_eq!((dial.attribute("action"), dial.attribute("callerId")), (Some(action), None));
        let numbers = elements.iter().filter(|e| e.name == "Number");
        for (element, asked) in numbers.zip(asked) {
            let url = "/webhook/screen?business=00000000-0000-0000-0000-000000000000";
            assert_eq!(element.attribute("url"), asked.then_some(url), "{element:?}");
        }
    }
}

#[test]
fn whoever_is_asked_hears_who_calls_and_silence_is_no() {
    for language in [Language::He, Language::En] {
        let config = config(|s| {
            s.language = language;
            forward(s);
        });
        let bytes = screening(&config, CALLER, None);
        assert_eq!(names(&bytes).join(" "), "Gather Say Gather Say Hangup");
        let gather = parse(&bytes).into_iter().find(|e| e.name == "Gather").unwrap();
        assert_eq!(gather.attribute("numDigits"), Some("1"));
        let said = said(&bytes);
        assert!(
            said.contains("0 5 2 7 6 5 4 3 2 1") && said.contains(config.business_name.as_str()),
            "{said}"
        );
        // A number that the caller does not have: withheld, or our own in its place.
        for hidden in ["anonymous", "+266696687", "sip:dana@example.com", "", "0527654321", "+972540000000"] {
            let digits = parse(&screening(&config, hidden, None)).iter().any(|e| e.text.contains("0 5"));
            assert!(!digits, "{hidden}");
        }
    }
    assert_eq!(names(&put_through()), Vec::<String>::new(), "the end of the document connects");
}

#[test]
fn a_caller_id_that_cannot_be_shown_is_replaced_by_ours() {
    let answers = compiled(forward);
    for (from, id) in [
        (CALLER, None),
        ("+14155550100", None),
        ("anonymous", Some("+972540000000")),
        ("+266696687", Some("+972540000000")),
        ("sip:+972527654321@example.com", Some("+972540000000")),
        ("client:dana", Some("+972540000000")),
        // Not in E.164 form: Twilio refuses it.
        ("0527654321", Some("+972540000000")),
        ("", Some("+972540000000")),
    ] {
        let elements = parse(&answers.incoming(noon(), caller(from)).1);
        assert_eq!(elements.iter().find(|e| e.name == "Dial").unwrap().attribute("callerId"), id, "{from}");
    }
    let (record, closed) = (compiled(|_| ()), compiled(never_open));
    for answers in [record, closed] {
        assert_eq!(answers.incoming(noon(), caller("anonymous")), answers.incoming(noon(), caller(CALLER)));
    }
}

#[test]
fn own_greetings_too_are_followed_by_the_notice_and_by_who_is_rung() {
    let own = |recorded: bool| {
        said(
            &compiled(|s| {
                forward(s);
                s.greeting = Some("שלום!".to_owned());
                s.record_forwarded = recorded;
            })
            .incoming(noon(), caller(CALLER))
            .1,
        )
    };
    assert_eq!(own(true), format!("שלום!{}", sentences::connecting(Language::He, true)));
    assert!(own(true).contains("מוקלטת") && !own(false).contains("מוקלטת"));
}

#[test]
fn every_path_ends() {
    // A document that could come round again would have neither an action
    // elsewhere nor a hang-up at its end.
    for bytes in
        [unknown_number(), safe_fallback(), after_recording(Language::He), compiled(|_| ()).after_recording()]
    {
        assert_eq!(names(&bytes).last().map(String::as_str), Some("Hangup"));
        assert!(!names(&bytes).contains(&"Record".to_owned()), "nobody would listen");
    }
    let (_, record) = compiled(|_| ()).incoming(noon(), caller(CALLER));
    let elements = parse(&record);
    let recording = elements.iter().find(|e| e.name == "Record").unwrap();
    assert_eq!(recording.attribute("action"), Some("/webhook/handle_recording"));
    assert_eq!(elements.last().unwrap().name, "Hangup");
}

#[test]
fn a_voice_goes_with_its_locale() {
    for (language, voice, said_by) in [
        (Language::He, None, ("Google.he-IL-Wavenet-A", "he-IL")),
        (Language::He, Some("Google.he-IL-Standard-D"), ("Google.he-IL-Standard-D", "he-IL")),
        (Language::En, None, ("Google.en-US-Wavenet-F", "en-US")),
        (Language::En, Some("Polly.Amy-Neural"), ("Polly.Amy-Neural", "en-GB")),
        // One that cannot speak the language would end the call.
        (Language::He, Some("Polly.Joanna"), ("Google.he-IL-Wavenet-A", "he-IL")),
        (Language::En, Some("\"/><Reject/>"), ("Google.en-US-Wavenet-F", "en-US")),
    ] {
        let answers = compiled(|s| {
            s.language = language;
            s.voice = voice.map(str::to_owned);
        });
        for bytes in [
            answers.incoming(noon(), caller(CALLER)).1,
            answers.after_recording(),
            answers.after_dial(noon(), caller(CALLER), &Round::default(), false),
        ] {
            for say in parse(&bytes).iter().filter(|e| e.name == "Say") {
                assert_eq!(
                    (say.attribute("voice"), say.attribute("language")),
                    (Some(said_by.0), Some(said_by.1))
                );
            }
        }
    }
}

#[test]
fn a_businesss_own_words_come_first_and_the_beep_is_told_once() {
    let own = |text: &str| {
        said(&compiled(|s| s.greeting = Some(text.to_owned())).incoming(noon(), caller(CALLER)).1)
    };
    let (request, silence) = (sentences::leave_a_message(Language::He), sentences::no_message(Language::He));
    assert_eq!(own("כאן דני & בניו"), format!("כאן דני & בניו{request}{silence}"));
    assert_eq!(own("דברו אחרי הצפצוף"), format!("דברו אחרי הצפצוף{silence}"));
    let default = said(&compiled(|_| ()).incoming(noon(), caller(CALLER)).1);
    let mut named = config(|s| s.language = Language::En);
    named.business_name = "Ring Tone".to_owned();
    let default_words = said(&CompiledAnswers::compile(&named).unwrap().incoming(noon(), caller(CALLER)).1);
    assert!(default_words.contains(sentences::leave_a_message(Language::En)), "a name asks for nothing");
    for blank in ["", " \n", "\u{0}"] {
        assert_eq!(own(blank), default, "a blank greeting is none");
    }
}

#[test]
fn unvalidated_settings_still_give_a_document() {
    let answers = compiled(|s| {
        forward(s);
        s.forward_to = (0..30).map(|n| number(n % 15)).collect();
        s.forward_timeout_s = 0;
        s.max_message_s = u16::MAX;
    });
    let elements = parse(&answers.incoming(noon(), caller(CALLER)).1);
    let rung: Vec<_> = elements.iter().filter(|e| e.name == "Number").map(|e| e.text.clone()).collect();
    assert_eq!(rung, (1..=10).map(|n| number(n).to_string()).collect::<Vec<_>>());
    assert_eq!(elements.iter().find(|e| e.name == "Dial").unwrap().attribute("timeout"), Some("5"));
    let after = parse(&answers.after_dial(noon(), caller(CALLER), &Round::default(), false));
    assert_eq!(after.iter().find(|e| e.name == "Record").unwrap().attribute("maxLength"), Some("3600"));
}

#[test]
fn a_document_larger_than_twilio_takes_is_an_error() {
    let too_large = CompiledAnswers::compile(&config(|s| s.greeting = Some("א".repeat(40_000))));
    assert!(matches!(too_large, Err(TwimlError::TooLarge { bytes }) if bytes > MAX_DOCUMENT));
}
