//! What is refused, how, and that nothing of it reaches a stream or a log line.

use async_nats::jetstream;
use prosaas_events::{CloudEvent, call::CallIncomingV1};
use prosaas_tests::{
    environment,
    eventually::SOON,
    http1::{self, Reply, Request},
    nats::holds,
    process::{self, Environment},
    stack::{Options, Stack},
    twilio::{
        ACCOUNT, NUMBER, Pairs, TOKEN, Twilio, call_sid, form, incoming_parameters, nginx_headers, pairs,
        signature,
    },
};

/// The users' own two checks, as they type them.
const CHECKS: [(&str, &str, &str); 2] = [
    ("CallSid=TEST&From=+972000&To=+972001", "TEST", " 972000"),
    ("CallSid=TEST123&From=%2B972000000000&To=%2B972000000001", "TEST123", "+972000000000"),
];

/// A phone number and words that must show up in no log line.
const SECRET_NUMBER: &str = "+972501112223";
const SECRET_WORDS: &str = "סוד כמוס";

#[tokio::test]
async fn the_users_checks_get_twiml_without_validation() -> anyhow::Result<()> {
    let options = Options { ingress_only: true, without_validation: true, ..Options::default() };
    let stack = Stack::start_with(options).await?;
    for (data, ..) in CHECKS {
        curl(stack.ingress.address(), data).await?.twiml()?;
    }
    holds(&stack.nats, "CALLS", 2, SOON).await?;
    let calls = stack.nats.jetstream().await?.get_stream("CALLS").await?;
    for (_, call, from) in CHECKS {
        let event = last_event(&calls, call).await?;
        assert_eq!(event.data.from, from, "who called is kept as it was sent");
        assert_eq!(event.data.account_sid, None, "without validation an account is not needed");
    }
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn no_method_meets_a_405() -> anyhow::Result<()> {
    let open = Options { ingress_only: true, without_validation: true, ..Options::default() };
    let (open, closed) = tokio::try_join!(
        Stack::start_with(open),
        Stack::start_with(Options { ingress_only: true, ..Options::default() })
    )?;
    for path in ["incoming_call", "call_status", "handle_recording"] {
        for slash in ["", "/"] {
            for method in ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"] {
                let target = format!("/webhook/{path}{slash}?CallSid={}&CallStatus=ringing", call_sid());
                let reply = send(&open, method, &target, nginx_headers(), b"").await?;
                let wanted = if path == "call_status" { 204 } else { 200 };
                assert_eq!(reply.status, wanted, "{method} {target}");
                let reply = send(&closed, method, &target, nginx_headers(), b"").await?;
                assert_eq!(reply.status, 403, "{method} {target} without a signature");
            }
        }
    }
    for stack in [open, closed] {
        stack.passed();
    }
    Ok(())
}

#[tokio::test]
async fn what_is_refused_reaches_no_stream_and_no_log() -> anyhow::Result<()> {
    let stack = Stack::start_with(Options { ingress_only: true, ..Options::default() }).await?;
    let twilio = stack.twilio();
    for (data, ..) in CHECKS {
        assert_eq!(curl(stack.ingress.address(), data).await?.status, 403, "the users' check: {data}");
    }
    for (wanted, why, reply) in refused(&stack, &twilio).await? {
        assert_eq!(reply.status, wanted, "{why}: {}", reply.text());
        let kind = reply.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/problem+json", "{why}");
        assert!(reply.text().contains("\"success\":false"), "{why}: {}", reply.text());
    }
    // Whatever reached a stream would be there before a call that comes last.
    twilio.incoming(&call_sid(), SECRET_NUMBER, NUMBER).await?.twiml()?;
    holds(&stack.nats, "CALLS", 1, SOON).await?;
    for stream in ["RECORDINGS", "DEAD"] {
        assert_eq!(stack.nats.messages(stream).await?, 0, "{stream}");
    }
    let logs = stack.scratch.all_logs()?;
    assert!(logs.contains("webhook.refused"), "each refusal is logged");
    for secret in [SECRET_NUMBER, SECRET_NUMBER.trim_start_matches('+'), SECRET_WORDS, TOKEN] {
        assert!(!logs.contains(secret), "a log line holds {secret:?}");
    }
    stack.passed();
    Ok(())
}

#[tokio::test]
async fn production_never_runs_without_validation() -> anyhow::Result<()> {
    let pairs = [
        ("APP_ENV", "production"),
        ("VALIDATE_TWILIO_SIGNATURE", "false"),
        ("PUBLIC_URL", "https://prosaas.pro"),
        ("INGRESS_LISTEN", "127.0.0.1:1"),
        ("INGRESS_INTERNAL_LISTEN", "127.0.0.1:1"),
        ("EVENT_LOG_PATH", "/nonexistent"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/none"),
        ("NATS_URL", "nats://127.0.0.1:1"),
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TOKEN),
    ];
    let own: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let none: [&str; 0] = [];
    let program = environment::binary("prosaas-ingress")?;
    let (status, output) = process::run(&program, &none, &own, SOON).await?;
    assert!(!status.success(), "it must not start: {output}");
    assert!(output.contains("VALIDATE_TWILIO_SIGNATURE"), "the variable is named: {output}");
    assert!(!output.contains(TOKEN), "no secret is told: {output}");
    Ok(())
}

/// Everything that is refused: the status wanted, why, and what came back.
async fn refused(stack: &Stack, twilio: &Twilio) -> anyhow::Result<Vec<(u16, &'static str, Reply)>> {
    const TARGET: &str = "/webhook/incoming_call";
    let sound = || {
        let mut parameters = incoming_parameters(&call_sid(), SECRET_NUMBER, NUMBER);
        parameters.extend(pairs(&[("Body", SECRET_WORDS)]));
        parameters
    };
    let without = |name: &str| -> Pairs { sound().into_iter().filter(|(held, _)| held != name).collect() };
    let with = |name: &str, value: &str| -> Pairs {
        let mut changed = without(name);
        changed.push((name.to_owned(), value.to_owned()));
        changed
    };
    let body = form(&sound());
    let typed = |content_type: &str| {
        let mut headers = nginx_headers();
        headers.push(("Content-Type", content_type.to_owned()));
        headers.push((
            "X-Twilio-Signature",
            signature(TOKEN, "https://prosaas.pro/webhook/incoming_call", &sound()),
        ));
        headers
    };
    let form_type = "application/x-www-form-urlencoded";
    let large = form(&with("Padding", &"x".repeat(66_000)));
    let broken = [b"CallSid=CA1&Body=%ff%fe&From=".as_slice(), SECRET_NUMBER.as_bytes()].concat();
    let other = "AC00000000000000000000000000000009";
    Ok(vec![
        (413, "more than 64 kB", twilio.post(TARGET, &with("Padding", &"x".repeat(66_000))).await?),
        (413, "more than 64 kB in chunks", chunked(stack, large.as_bytes()).await?),
        (415, "text/plain", send(stack, "POST", TARGET, typed("text/plain"), body.as_bytes()).await?),
        (
            415,
            "multipart",
            send(stack, "POST", TARGET, typed("multipart/form-data; boundary=x"), body.as_bytes()).await?,
        ),
        (415, "no content type", send(stack, "POST", TARGET, nginx_headers(), body.as_bytes()).await?),
        (400, "broken UTF-8", send(stack, "POST", TARGET, typed(form_type), &broken).await?),
        (400, "broken JSON", send(stack, "POST", TARGET, typed("application/json"), b"{\"CallSid\":").await?),
        (400, "no CallSid", twilio.post(TARGET, &without("CallSid")).await?),
        (400, "a CallSid that is no token", twilio.post(TARGET, &with("CallSid", "CA.>.*")).await?),
        (400, "no AccountSid", twilio.post(TARGET, &without("AccountSid")).await?),
        (
            403,
            "another account, signed with our token",
            twilio.post(TARGET, &with("AccountSid", other)).await?,
        ),
        (403, "no signature", twilio.post_with(TARGET, &sound(), None).await?),
        (403, "an empty signature", twilio.post_with(TARGET, &sound(), Some("")).await?),
        (
            403,
            "a wrong signature",
            twilio.post_with(TARGET, &sound(), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")).await?,
        ),
        (400, "no CallStatus", twilio.post("/webhook/call_status", &without("CallStatus")).await?),
        (400, "a recording without its address", {
            let recording = pairs(&[("CallSid", "CA1"), ("AccountSid", ACCOUNT), ("RecordingSid", "RE1")]);
            twilio.post("/webhook/handle_recording", &recording).await?
        }),
    ])
}

async fn send(
    stack: &Stack,
    method: &str,
    target: &str,
    headers: Vec<(&str, String)>,
    body: &[u8],
) -> anyhow::Result<Reply> {
    Request { method, target, headers, body }.send(stack.ingress.address()).await
}

/// A body that announces no length.
async fn chunked(stack: &Stack, body: &[u8]) -> anyhow::Result<Reply> {
    let head = "POST /webhook/incoming_call HTTP/1.1\r\nHost: prosaas.pro\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", body.len());
    let bytes = [head.as_bytes(), size.as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
    http1::exchange(stack.ingress.address(), &bytes).await
}

/// `curl -v -X POST "$BASE/webhook/incoming_call" -d …` with the real curl, or its
/// bytes where there is none.
async fn curl(ingress: std::net::SocketAddr, data: &str) -> anyhow::Result<Reply> {
    let Some(program) = environment::in_path("curl") else {
        let head = format!(
            "POST /webhook/incoming_call HTTP/1.1\r\nHost: {ingress}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\
             Connection: close\r\nContent-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{data}",
            data.len()
        );
        return http1::exchange(ingress, head.as_bytes()).await;
    };
    let url = format!("http://{ingress}/webhook/incoming_call");
    // --noproxy, -s and -i change nothing that is sent.
    let arguments = ["-s", "-i", "--noproxy", "*", "-X", "POST", &url, "-d", data];
    let (status, output) = process::run(&program, &arguments, &Environment::new(), SOON).await?;
    anyhow::ensure!(status.success(), "curl ended with {status}: {output}");
    http1::parse(output.as_bytes())
}

async fn last_event(
    stream: &jetstream::stream::Stream,
    call: &str,
) -> anyhow::Result<CloudEvent<CallIncomingV1>> {
    let message = stream.get_last_raw_message_by_subject(&format!("call.incoming.{call}")).await?;
    Ok(CloudEvent::decode(&message.payload)?)
}
