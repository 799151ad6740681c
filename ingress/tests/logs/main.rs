//! What the log tells of refusals: who and whence, and nothing that is personal. A program
//! of its own: whether a line is logged is decided once for all threads, and the other
//! tests' have no log.

#[expect(dead_code, reason = "the tests of the API use the rest")]
#[path = "../api/mailbox.rs"]
mod mailbox;
#[expect(dead_code, reason = "the tests of the API use the rest")]
#[path = "../api/support.rs"]
mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use prosaas_domain::rights::Role;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Ingress, PASSWORD};

/// A log that is read again.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("poisoned"))?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> Result<String> {
        Ok(String::from_utf8(self.0.lock().ok().context("poisoned")?.clone())?)
    }

    /// The lines of an event.
    fn lines(&self, event: &str) -> Result<Vec<Value>> {
        let lines: Vec<Value> = self.text()?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(lines.into_iter().filter(|line| line["event"] == event).collect())
    }
}

#[tokio::test]
async fn refusals_are_logged_with_who_and_where_and_nothing_personal() -> Result<()> {
    let log = Log::default();
    let format = tracing_subscriber::fmt().json().flatten_event(true).with_writer(log.clone());
    let _guard = tracing::subscriber::set_default(format.finish());
    let ingress = Ingress::start().await?;
    let (shop, other) = (ingress.business("Shop").await?, ingress.business("Other").await?);
    let dana = ingress.person("dana", Role::Agent, Some(shop)).await?.to_string();
    let client = ingress.log_in("dana").await?;
    client.get(&format!("/api/businesses/{shop}/users")).await?;
    client.get(&format!("/api/leads?business_id={other}")).await?;
    let stranger = ingress.stranger("198.51.100.77");
    stranger.try_password("DANA", "a guess of many").await?;
    stranger.try_password("nobody", "a guess of many").await?;
    for _ in 0..8 {
        stranger.try_password("dana", "a guess of many").await?;
    }

    let refused = log.lines("api.refused")?;
    let reasons: Vec<&str> = refused.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons[..2], ["/problems/forbidden", "another_business"]);
    assert!(reasons[2..].contains(&"/problems/login-slowed"), "{reasons:?}");
    for line in &refused[..2] {
        let span = &line["span"];
        assert_eq!((span["user_id"].as_str(), span["network"].as_str()), (Some(&*dana), Some("203.0.*.*")));
        assert!(span["request_id"].is_string(), "{line}");
    }

    let failed = log.lines("auth.login_failed")?;
    assert!(failed.len() == 10 && failed.iter().all(|line| line["network"] == "198.51.*.*"), "{failed:?}");
    assert_eq!(
        (&failed[0]["reason"], &failed[0]["user_id"]),
        (&"/problems/wrong-credentials".into(), &dana.into())
    );
    assert_eq!(failed[1].get("user_id"), None, "nobody has that address");
    assert_eq!(failed[0]["account"], failed[2]["account"], "one account, one tag");
    assert_ne!(failed[0]["account"], failed[1]["account"]);
    assert_eq!(failed[9]["reason"], "/problems/login-slowed");

    let text = log.text()?.to_lowercase();
    for personal in ["shop.example", "198.51.100", "203.0.113", "a guess of many", PASSWORD] {
        assert!(!text.contains(personal), "{personal} is in the log");
    }
    Ok(())
}
