//! The same request again gets the same bytes, and is one event.

use std::{collections::BTreeMap, time::Duration};

use chrono::{Datelike as _, Timelike as _};
use prosaas_shared::{
    call_config::{CallSettings, ClosedAction, Day, MinuteOfDay, Span, WeeklyHours},
    clock,
};
use prosaas_tests::{
    eventually::{becomes, eventually},
    stack::Stack,
    twilio::{CALLER, NUMBER, call_sid},
};

const DAYS: [Day; 7] =
    [Day::Sunday, Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday, Day::Saturday];

/// Opening hours that end with the present minute; at least ten seconds are left.
async fn hours_that_end_soon() -> anyhow::Result<(WeeklyHours, Duration)> {
    let mut now = clock::system().now().with_timezone(&chrono_tz::Asia::Jerusalem);
    if now.second() >= 50 {
        tokio::time::sleep(Duration::from_secs(11)).await;
        now = clock::system().now().with_timezone(&chrono_tz::Asia::Jerusalem);
    }
    let minute = u16::try_from(now.hour() * 60 + now.minute())?;
    let at = |minute| MinuteOfDay::from_minutes(minute).ok_or_else(|| anyhow::anyhow!("no time of day"));
    // In a day's first minute the span begins with the day: it is then open for that minute alone.
    let span = Span { open: at(minute.saturating_sub(60))?, close: at(minute + 1)? };
    let today = now.weekday().num_days_from_sunday();
    let day = usize::try_from(today).ok().and_then(|index| DAYS.get(index).copied());
    let day = day.ok_or_else(|| anyhow::anyhow!("no such day"))?;
    let left = Duration::from_secs(u64::from(60 - now.second().min(59)));
    Ok((WeeklyHours(BTreeMap::from([(day, vec![span])])), left))
}

#[tokio::test]
async fn a_retry_gets_the_same_bytes_across_closing_time() -> anyhow::Result<()> {
    let stack = Stack::start().await?;
    let twilio = stack.twilio();
    let (hours, left) = hours_that_end_soon().await?;
    let closing = tokio::time::Instant::now() + left + Duration::from_millis(300);
    stack
        .configure(CallSettings {
            greeting: Some("We are open.".to_owned()),
            closed_message: Some("We are closed.".to_owned()),
            closed_action: ClosedAction::HangUp,
            hours: Some(hours),
            ..CallSettings::default()
        })
        .await?;
    let call = eventually("the hours are in force", Duration::from_secs(8), || async {
        let call = call_sid();
        let reply = twilio.incoming(&call, CALLER, NUMBER).await?;
        anyhow::ensure!(reply.twiml()?.contains("We are open."), "not yet");
        Ok(call)
    })
    .await?;
    let first = twilio.incoming(&call, CALLER, NUMBER).await?;
    tokio::time::sleep_until(closing).await;
    let fresh = twilio.incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
    assert!(fresh.contains("We are closed."), "a new call hears that it is closed: {fresh}");
    let again = twilio.incoming(&call, CALLER, NUMBER).await?;
    assert_eq!(again.body, first.body, "a retry across closing time");
    assert_eq!(again.status, first.status);

    let sql = "SELECT count(*) FROM prosaas.call_events e JOIN prosaas.calls c USING (call_sid)
               WHERE c.answer = 'closed'";
    becomes("the closed call has its row", Duration::from_secs(20), 1, || stack.count(sql)).await?;
    let sql = "SELECT count(*) FROM prosaas.call_events WHERE call_sid = $1";
    let events: i64 = sqlx::query_scalar(sql).bind(&call).fetch_one(&stack.pool).await?;
    assert_eq!(events, 1, "three requests for one call are one event");
    stack.passed();
    Ok(())
}
