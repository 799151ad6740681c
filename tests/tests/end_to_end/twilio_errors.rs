//! What Twilio could not do is kept, whichever address it tells.

use anyhow::Result;
use prosaas_tests::{
    eventually::{SOON, becomes},
    stack::Stack,
    twilio::{ACCOUNT, CALLER, NUMBER, call_sid, pairs, recording_sid},
};

#[tokio::test]
async fn an_error_of_twilio_s_stands_in_the_history_once_and_is_counted() -> Result<()> {
    let stack = Stack::start().await?;
    let twilio = stack.twilio();
    let call = call_sid();
    twilio.incoming(&call, CALLER, NUMBER).await?.twiml()?;
    let common = [("CallSid", call.as_str()), ("AccountSid", ACCOUNT), ("From", CALLER), ("To", NUMBER)];
    let (recording, leg) = (recording_sid(), call_sid());
    for (path, more, answered) in [
        (
            "/webhook/dial_result",
            vec![
                ("DialCallStatus", "failed"),
                ("ErrorCode", "13224"),
                ("ErrorMessage", "Dial: Twilio does not support calling this number"),
            ],
            200,
        ),
        (
            "/webhook/call_status",
            vec![("CallStatus", "completed"), ("SequenceNumber", "2"), ("ErrorCode", "11200")],
            204,
        ),
        (
            "/webhook/handle_recording",
            vec![("RecordingSid", recording.as_str()), ("RecordingStatus", "absent"), ("ErrorCode", "16101")],
            200,
        ),
        // On the leg of somebody who is rung, it is told of the call that they are rung for.
        (
            "/webhook/screen?business=x",
            vec![
                ("ParentCallSid", call.as_str()),
                ("Direction", "outbound-dial"),
                ("ErrorCode", "11200"),
                ("Digits", "7"),
            ],
            200,
        ),
        // No error, and none that is a number.
        (
            "/webhook/call_status",
            vec![("CallStatus", "completed"), ("SequenceNumber", "3"), ("ErrorCode", "0")],
            204,
        ),
        (
            "/webhook/call_status",
            vec![("CallStatus", "completed"), ("SequenceNumber", "4"), ("ErrorCode", "x")],
            204,
        ),
    ] {
        for _ in 0..2 {
            let mut parameters = pairs(&[&common[..], &more].concat());
            if path.starts_with("/webhook/screen") {
                parameters[0].1.clone_from(&leg);
            }
            assert_eq!(twilio.post(path, &parameters).await?.status, answered, "{path} {more:?}");
        }
    }
    let kept = "SELECT count(*) FROM prosaas.call_events WHERE kind = 'error'
                AND (data ->> 'webhook', data ->> 'code') IN
                    (('dial_result', '13224'), ('call_status', '11200'), ('handle_recording', '16101'), ('screen', '11200'))
                AND call_sid = (SELECT call_sid FROM prosaas.calls WHERE direction IS NOT NULL ORDER BY started_at LIMIT 1)";
    becomes("each is kept once", SOON, 4, || stack.count(kept)).await?;
    becomes("nothing else is", SOON, 4, || {
        stack.count("SELECT count(*) FROM prosaas.call_events WHERE kind = 'error'")
    })
    .await?;
    let counted =
        stack.ingress.metric(r#"prosaas_twilio_errors_total{webhook="dial_result",code="13224"}"#).await?;
    assert!((counted - 2.0).abs() < 0.5, "each time that it is told: {counted}");
    assert_eq!(stack.nats.messages("DEAD").await?, 0);
    stack.passed();
    Ok(())
}
