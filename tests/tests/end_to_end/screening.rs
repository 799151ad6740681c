//! Who really answered: a forwarded call is taken by a person, or it is not answered.

use anyhow::{Context as _, Result};
use prosaas_domain::{
    call_config::{CallMode, CallSettings, Language, Screening},
    phone::E164,
};
use prosaas_tests::{
    eventually::{SOON, becomes, eventually},
    phone::{Call, Declined, Whoever},
    stack::Stack,
    twilio::{CALLER, NUMBER, call_sid},
};

const FIRST: &str = "+972541111111";
const SECOND: &str = "+972542222222";

async fn forwarding(stack: &Stack) -> Result<()> {
    let settings = CallSettings {
        language: Language::En,
        mode: CallMode::Forward,
        forward_to: vec![E164::parse(FIRST)?, E164::parse(SECOND)?],
        ..CallSettings::default()
    };
    configure(stack, settings, true).await
}

/// Configures, and waits until callers meet it.
async fn configure(stack: &Stack, settings: CallSettings, asked: bool) -> Result<()> {
    stack.configure(settings).await?;
    eventually("the settings are in force", SOON, || async {
        let twiml = stack.twilio().incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
        anyhow::ensure!(twiml.contains("<Dial") && twiml.contains("screened=1") == asked, "not yet");
        Ok(())
    })
    .await
}

/// Whether it is answered, whether it is missed, and who took it.
async fn row(stack: &Stack, call: &Call) -> Result<(bool, bool, Option<String>)> {
    let sql = "SELECT answered, missed, answered_by FROM prosaas.calls
               WHERE call_sid = $1 AND ended_at IS NOT NULL AND answer IS NOT NULL";
    sqlx::query_as(sql).bind(&call.sid).fetch_optional(&stack.pool).await?.context("no row yet")
}

#[tokio::test]
async fn a_voicemail_answers_nobody_and_a_person_who_presses_1_does() -> Result<()> {
    use Whoever::{Busybody, Nobody, Person, Voicemail};

    let stack = Stack::start().await?;
    forwarding(&stack).await?;
    let twilio = stack.twilio();
    let missed = (false, true, None);
    let person = |number: &str| (true, false, Some(number.to_owned()));
    for (name, at, declined, wanted) in [
        ("two voicemails", [Voicemail, Voicemail], Declined::Completed, missed.clone()),
        ("the same, reported otherwise", [Voicemail, Voicemail], Declined::NoAnswer, missed.clone()),
        ("nobody", [Nobody, Nobody], Declined::Completed, missed.clone()),
        ("another digit", [Busybody, Nobody], Declined::Completed, missed.clone()),
        ("a voicemail and a person", [Voicemail, Person], Declined::Completed, person(SECOND)),
        ("two at once", [Person, Person], Declined::Completed, person(FIRST)),
    ] {
        let mut call = Call::from(CALLER, &[(FIRST, at[0]), (SECOND, at[1])]);
        call.declined = declined;
        let outcome = call.play(&twilio).await.context(name)?;
        assert_eq!(outcome.spoke_with, wanted.2, "{name}");
        assert_eq!(outcome.took_message, wanted.1, "{name}: whoever reached nobody leaves a message");
        let picked_up = at.iter().filter(|who| **who != Nobody).count();
        assert_eq!(outcome.asked.len(), picked_up, "{name}");
        assert!(outcome.asked.values().all(|told| told.contains("press 1")), "{name}: {outcome:?}");
        becomes(name, SOON, wanted, || row(&stack, &call)).await?;
    }
    let told = "SELECT count(*) FROM prosaas.audit_records WHERE action = 'call.leg_accepted'";
    becomes("every digit is on record", SOON, 3, || stack.count(told)).await?;
    assert_eq!(stack.nats.messages("DEAD").await?, 0);
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn who_hangs_up_while_it_rings_is_called_back_and_who_hides_gets_through() -> Result<()> {
    let stack = Stack::start().await?;
    forwarding(&stack).await?;
    let twilio = stack.twilio();
    let call = Call { impatient: true, ..Call::from(CALLER, &[(FIRST, Whoever::Person)]) };
    let outcome = call.play(&twilio).await?;
    assert_eq!((outcome.spoke_with, outcome.took_message), (None, false));
    becomes("missed", SOON, (false, true, None), || row(&stack, &call)).await?;
    for from in ["anonymous", "sip:dana@example.com"] {
        let call = Call::from(from, &[(FIRST, Whoever::Person)]);
        let outcome = call.play(&twilio).await?;
        assert_eq!(outcome.seen, [NUMBER, NUMBER], "Twilio would refuse {from}");
        assert!(outcome.asked.values().all(|told| told.contains("withheld")), "{outcome:?}");
        becomes(from, SOON, (true, false, Some(FIRST.to_owned())), || row(&stack, &call)).await?;
    }
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn a_screening_that_fails_takes_no_call_and_who_is_not_asked_is_answered() -> Result<()> {
    let stack = Stack::start().await?;
    forwarding(&stack).await?;
    let twilio = stack.twilio();
    let call = Call { unsigned: true, ..Call::from(CALLER, &[(FIRST, Whoever::Person)]) };
    let outcome = call.play(&twilio).await?;
    assert_eq!((outcome.spoke_with, outcome.took_message), (None, true));
    becomes("missed", SOON, (false, true, None), || row(&stack, &call)).await?;

    let settings = CallSettings {
        mode: CallMode::Forward,
        forward_to: vec![E164::parse(FIRST)?],
        screening: vec![Screening { number: E164::parse(FIRST)?, ask: false }],
        ..CallSettings::default()
    };
    configure(&stack, settings, false).await?;
    let call = Call::from(CALLER, &[(FIRST, Whoever::Person)]);
    let outcome = call.play(&twilio).await?;
    assert!(outcome.asked.is_empty() && outcome.spoke_with.is_some(), "{outcome:?}");
    becomes("answered", SOON, (true, false, None), || row(&stack, &call)).await?;
    stack.passed();
    Ok(())
}
