//! What a webhook's parameters hold reaches no id, subject or header unparsed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use prosaas_tests::{
    nats::holds,
    stack::{Options, Stack},
    twilio::{ACCOUNT, CALLER, NUMBER, call_sid, pairs},
};
use serde_json::Value;

#[tokio::test]
async fn a_dial_call_sid_that_no_header_holds_stops_no_event() -> Result<()> {
    let stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    let twilio = stack.twilio();
    let long = "x".repeat(5000);
    let hostile = ["CA1\r\nNats-Msg-Id: other", "CA1\n", "\r", "a b", "שלום", "a.*.>", long.as_str(), ""];
    for dialed in hostile {
        let parameters = pairs(&[
            ("CallSid", &call_sid()),
            ("AccountSid", ACCOUNT),
            ("To", NUMBER),
            ("DialCallStatus", "completed"),
            ("DialCallSid", dialed),
        ]);
        twilio.post("/webhook/dial_result", &parameters).await?.twiml()?;
    }
    twilio.incoming(&call_sid(), CALLER, NUMBER).await?.twiml()?;
    let sent = u64::try_from(hostile.len())? + 1;
    holds(&stack.nats, "CALLS", sent, Duration::from_mins(1)).await?;
    let restarts = stack.ingress.metric("prosaas_pump_restarts_total").await?;
    assert!(restarts < 1.0, "a lane ended {restarts} times");
    let report: Value = serde_json::from_str(&stack.ingress.ready().await?.text())?;
    let checks = report["checks"].as_array().context("checks")?;
    assert!(checks.iter().any(|check| check["name"] == "pump" && check["ready"] == true), "{report}");
    stack.passed();
    Ok(())
}
