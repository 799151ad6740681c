//! Callers who choose from menus, and people who are rung one after the other.

use anyhow::{Context as _, Result};
use prosaas_domain::{
    call_config::{CallMode, CallSettings, Key, Language, Menu, MenuOption, Ringing, Target, Then, Who},
    phone::E164,
};
use prosaas_tests::{
    eventually::{SOON, becomes, eventually},
    nginx::Nginx,
    phone::{Call, Declined, Outcome, Whoever},
    stack::Stack,
    twilio::{CALLER, NUMBER, call_sid},
};

const FIRST: &str = "+972541111111";
const SECOND: &str = "+972542222222";

fn target(number: &str) -> Result<Target> {
    Ok(Target { who: Who::Number(E164::parse(number)?), ask: None, timeout_s: None })
}

/// Configures, and waits until callers meet it.
async fn configure(stack: &Stack, settings: CallSettings, met: &str) -> Result<()> {
    stack.configure(settings).await?;
    eventually("the settings are in force", SOON, || async {
        let twiml = stack.twilio().incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
        anyhow::ensure!(twiml.contains(met), "not yet");
        Ok(())
    })
    .await
}

fn menu() -> Result<Menu> {
    let option = |digit: &str, label: &str, then| -> Result<(Key, MenuOption)> {
        Ok((Key::parse(digit)?, MenuOption { label: label.to_owned(), then }))
    };
    let more = Menu {
        options: [option("0", "opening hours", Then::Say { text: "Nine to five.".to_owned() })?].into(),
        ..Menu::default()
    };
    let options = [
        option("1", "sales", Then::Forward { targets: vec![target(FIRST)?] })?,
        option("2", "a message", Then::Record {})?,
        option("3", "more", Then::Menu { menu: more })?,
    ];
    Ok(Menu { options: options.into(), ..Menu::default() })
}

/// Whether it is answered, whether it is missed, and who took it.
async fn row(stack: &Stack, call: &Call) -> Result<(bool, bool, Option<String>)> {
    let sql = "SELECT answered, missed, answered_by FROM prosaas.calls
               WHERE call_sid = $1 AND ended_at IS NOT NULL";
    sqlx::query_as(sql).bind(&call.sid).fetch_optional(&stack.pool).await?.context("no row yet")
}

/// What the call's history says of the menu.
async fn pressed(
    stack: &Stack,
    call: &Call,
) -> Result<Vec<(String, String, Option<String>, Option<String>)>> {
    let sql =
        "SELECT data ->> 'at', data ->> 'result', data ->> 'key', data ->> 'label' FROM prosaas.call_events
               WHERE call_sid = $1 AND kind = 'menu' ORDER BY occurred_at, event_id";
    Ok(sqlx::query_as(sql).bind(&call.sid).fetch_all(&stack.pool).await?)
}

#[tokio::test]
async fn people_are_rung_one_after_the_other_until_somebody_takes_the_call() -> Result<()> {
    use Whoever::{Busybody, Nobody, Person, Voicemail};

    let stack = Stack::start().await?;
    let settings = CallSettings {
        language: Language::En,
        mode: CallMode::Forward,
        ringing: Ringing::InOrder,
        targets: vec![target(FIRST)?, target(SECOND)?],
        ..CallSettings::default()
    };
    configure(&stack, settings, "step=0").await?;
    let twilio = stack.twilio();
    for (name, at, declined, taken_by) in [
        ("the first takes it", [Person, Person], Declined::Completed, Some(FIRST)),
        ("a voicemail, then a person", [Voicemail, Person], Declined::Completed, Some(SECOND)),
        ("the same, reported otherwise", [Voicemail, Person], Declined::NoAnswer, Some(SECOND)),
        ("another digit, then nobody", [Busybody, Nobody], Declined::Completed, None),
        ("nobody, then a voicemail", [Nobody, Voicemail], Declined::NoAnswer, None),
    ] {
        let mut call = Call::from(CALLER, &[(FIRST, at[0]), (SECOND, at[1])]);
        call.declined = declined;
        let outcome = call.play(&twilio).await.context(name)?;
        assert_eq!(outcome.spoke_with.as_deref(), taken_by, "{name}");
        assert_eq!(outcome.took_message, taken_by.is_none(), "{name}");
        assert_eq!(outcome.seen.len(), if taken_by == Some(FIRST) { 1 } else { 2 }, "{name}: {outcome:?}");
        let wanted = (taken_by.is_some(), taken_by.is_none(), taken_by.map(str::to_owned));
        becomes(name, SOON, wanted, || row(&stack, &call)).await?;
    }
    assert_eq!(stack.nats.messages("DEAD").await?, 0);
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn what_a_caller_presses_decides_and_stands_in_the_history() -> Result<()> {
    let stack = Stack::start().await?;
    let settings = CallSettings { language: Language::En, menu: Some(menu()?), ..CallSettings::default() };
    configure(&stack, settings, "<Gather").await?;
    let twilio = stack.twilio();
    let fact = |at: &str, result: &str, key: Option<&str>, label: Option<&str>| {
        (at.to_owned(), result.to_owned(), key.map(str::to_owned), label.map(str::to_owned))
    };
    let sales = || fact("", "chosen", Some("1"), Some("sales"));
    let more = || fact("", "chosen", Some("3"), Some("more"));
    for (name, keys, wanted, took_message, taken_by) in [
        ("sales", vec![Some("1")], vec![sales()], false, Some(FIRST)),
        (
            "a wrong key, then a message",
            vec![Some("9"), Some("2")],
            vec![fact("", "wrong", Some("9"), None), fact("", "chosen", Some("2"), Some("a message"))],
            true,
            None,
        ),
        (
            "a menu in the menu",
            vec![Some("3"), Some("0")],
            vec![more(), fact("3", "chosen", Some("0"), Some("opening hours"))],
            false,
            None,
        ),
        ("silence", vec![], vec![fact("", "silent", None, None), fact("", "silent", None, None)], true, None),
        (
            "no digit",
            vec![Some("#"), Some("*")],
            vec![fact("", "wrong", None, None), fact("", "wrong", None, None)],
            true,
            None,
        ),
    ] {
        let call = Call { keys, ..Call::from(CALLER, &[(FIRST, Whoever::Person)]) };
        let outcome = call.play(&twilio).await.context(name)?;
        assert!(outcome.heard.iter().any(|said| said.contains("For sales, press 1.")), "{name}: {outcome:?}");
        assert_eq!((outcome.took_message, outcome.spoke_with.as_deref()), (took_message, taken_by), "{name}");
        becomes(name, SOON, (taken_by.is_some(), taken_by.is_none(), taken_by.map(str::to_owned)), || {
            row(&stack, &call)
        })
        .await?;
        becomes(name, SOON, wanted, || pressed(&stack, &call)).await?;
    }
    assert_eq!(stack.nats.messages("DEAD").await?, 0);
    stack.passed();
    Ok(())
}

/// What happens to the backend in the middle of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Killed,
    /// It takes requests and answers none: nginx's patience ends before Twilio's.
    Frozen,
}

/// The backend fails between two documents of a call: in the middle of a menu, and while somebody is rung who is asked
/// first. nginx answers on, and nobody is lost.
#[tokio::test]
async fn a_backend_that_fails_in_the_middle_leaves_no_caller_in_the_air() -> Result<()> {
    let mut stack = Stack::start().await?;
    let nginx = Nginx::start(&stack.scratch, stack.ingress.address()).await?;
    let twilio = nginx.twilio();
    let menu = CallSettings { language: Language::En, menu: Some(menu()?), ..CallSettings::default() };
    let screening = CallSettings {
        language: Language::En,
        mode: CallMode::Forward,
        targets: vec![target(FIRST)?],
        ..CallSettings::default()
    };
    for (name, settings, met, faults) in [
        ("menu", menu, "<Gather", &[Fault::Killed][..]),
        ("screening", screening, "screened=1", &[Fault::Killed, Fault::Frozen]),
    ] {
        configure(&stack, settings, met).await?;
        for fault in faults {
            let call = Call { keys: vec![Some("1")], ..Call::from(CALLER, &[(FIRST, Whoever::Person)]) };
            let document = call.comes_in(&twilio).await.context(name)?;
            match fault {
                Fault::Killed => stack.ingress.kill().await?,
                Fault::Frozen => stack.ingress.freeze()?,
            }
            let Outcome { took_message, spoke_with, end_heard, .. } =
                call.goes_on(&twilio, document).await.context(name)?;
            assert_eq!((took_message, spoke_with, end_heard), (true, None, false), "{name} {fault:?}");
            match fault {
                Fault::Killed => stack.ingress.start().await?,
                Fault::Frozen => stack.ingress.thaw()?,
            }
            // Twilio's report comes again, or is asked for.
            assert!(call.ended(&twilio).await?, "{name} {fault:?}");
            becomes(name, SOON, (false, true, None), || row(&stack, &call)).await?;
        }
    }
    stack.passed();
    Ok(())
}
