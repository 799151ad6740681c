//! The same request again gets the same bytes, and is one event.

use std::{collections::BTreeMap, time::Duration};

use chrono::{Datelike as _, Timelike as _};
use prosaas_domain::call_config::{CallSettings, ClosedAction, Day, MinuteOfDay, Span, WeeklyHours};
use prosaas_platform::clock;
use prosaas_tests::{
    eventually::{SOON, becomes, eventually},
    http1::Reply,
    stack::Stack,
    twilio::{CALLER, NUMBER, call_sid},
};

/// Some minutes, each of which ends opening hours.
const TURNS: Duration = Duration::from_mins(5);

const DAYS: [Day; 7] =
    [Day::Sunday, Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday, Day::Saturday];

/// Opening hours that end with the present minute.
fn hours_that_end_soon() -> anyhow::Result<WeeklyHours> {
    let now = clock::system().now().with_timezone(&chrono_tz::Asia::Jerusalem);
    let minute = u16::try_from(now.hour() * 60 + now.minute())?;
    let at = |minute| MinuteOfDay::from_minutes(minute).ok_or_else(|| anyhow::anyhow!("no time of day"));
    // In a day's first minute the span begins with the day: it is then open for that minute alone.
    let span = Span { open: at(minute.saturating_sub(60))?, close: at(minute + 1)? };
    let today = now.weekday().num_days_from_sunday();
    let day = usize::try_from(today).ok().and_then(|index| DAYS.get(index).copied());
    let day = day.ok_or_else(|| anyhow::anyhow!("no such day"))?;
    Ok(WeeklyHours(BTreeMap::from([(day, vec![span])])))
}

fn settings() -> anyhow::Result<CallSettings> {
    Ok(CallSettings {
        greeting: Some("We are open.".to_owned()),
        closed_message: Some("We are closed.".to_owned()),
        closed_action: ClosedAction::HangUp,
        hours: Some(hours_that_end_soon()?),
        ..CallSettings::default()
    })
}

/// A call that hears the greeting, and what it hears. Where the minute is over before the hours are
/// in force, those of the next minute are tried.
async fn call_while_open(stack: &Stack) -> anyhow::Result<(String, Reply)> {
    let twilio = stack.twilio();
    stack.configure(settings()?).await?;
    eventually("a call hears that it is open", TURNS, || async {
        let call = call_sid();
        let reply = twilio.incoming(&call, CALLER, NUMBER).await?;
        let twiml = reply.twiml()?;
        if twiml.contains("We are closed.") {
            stack.configure(settings()?).await?;
        }
        anyhow::ensure!(twiml.contains("We are open."), "{twiml}");
        Ok((call, reply))
    })
    .await
}

/// A call that hears that it is closed.
async fn call_while_closed(stack: &Stack) -> anyhow::Result<String> {
    // Closing time is a time of day, a whole minute: until then there is nothing to ask.
    let second = u64::from(clock::system().now().second().min(59));
    tokio::time::sleep(Duration::from_secs(60 - second)).await;
    eventually("closing time comes", TURNS, || async {
        let call = call_sid();
        let twiml = stack.twilio().incoming(&call, CALLER, NUMBER).await?.twiml()?;
        anyhow::ensure!(twiml.contains("We are closed."), "{twiml}");
        Ok(call)
    })
    .await
}

#[tokio::test]
async fn a_retry_gets_the_same_bytes_across_closing_time() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let twilio = stack.twilio();
    let (call, first) = call_while_open(&stack).await?;
    let second = twilio.incoming(&call, CALLER, NUMBER).await?;
    let closed = call_while_closed(&stack).await?;
    for again in [second, twilio.incoming(&call, CALLER, NUMBER).await?] {
        assert_eq!((again.status, again.body), (first.status, first.body.clone()), "a retry");
    }

    let count = |sql: &'static str, call: String| {
        let pool = stack.pool.clone();
        async move { Ok(sqlx::query_scalar::<_, i64>(sql).bind(call).fetch_one(&pool).await?) }
    };
    let sql = "SELECT count(*) FROM prosaas.call_events e JOIN prosaas.calls c USING (call_sid)
               WHERE c.answer = 'closed' AND c.call_sid = $1";
    becomes("the closed call has its row", SOON, 1, || count(sql, closed.clone())).await?;
    let sql = "SELECT count(*) FROM prosaas.call_events WHERE call_sid = $1";
    assert_eq!(count(sql, call).await?, 1, "three requests for one call are one event");
    stack.passed();
    Ok(())
}
