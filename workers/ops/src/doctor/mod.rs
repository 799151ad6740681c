//! `prosaas-ops doctor`: looks at a deployment and says what to mend. It changes nothing and
//! leaves no row: what it sends to the webhook is refused for want of a `CallSid`.

pub mod clock;
pub mod config;
pub mod disk;
pub mod finding;
pub mod nats;
pub mod number;
pub mod postgres;
pub mod public_url;
pub mod sealed;
pub mod secrets;
pub mod twilio;
pub mod whatsapp;

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use prosaas_domain::phone::E164;
use prosaas_platform::clock::SharedClock;
use reqwest::{Client, redirect};

use self::finding::{Finding, Outcome};
use crate::{doctor::config::DoctorConfig, exit::Failed, output::Out};

/// Twilio's own patience with a webhook, and ours with everything that is asked.
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at everything, shows it, and fails where something must be mended.
pub async fn run(config: &DoctorConfig, clock: &SharedClock, out: Out) -> Result<()> {
    let findings = examine(config, clock).await?;
    finding::show(out, &findings)?;
    if findings.iter().any(|finding| finding.outcome == Outcome::Broken) {
        return Err(Failed::Unwell.into());
    }
    Ok(())
}

/// Looks at everything.
pub async fn examine(config: &DoctorConfig, clock: &SharedClock) -> Result<Vec<Finding>> {
    // A redirect is something to tell of, never to follow: credentials would go along.
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("prosaas-doctor/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let mut findings = secrets::check(config);
    let (postgres, of_businesses) = postgres::check(config, clock).await;
    let numbers = numbers(config, of_businesses);
    let (public_url, twilio, nats, whatsapp) = tokio::join!(
        public_url::check(&client, config, clock),
        twilio::check(&client, config, clock, &numbers),
        nats::check(config),
        whatsapp::check(config, clock),
    );
    let (mut readings, mut rest) = (Vec::new(), Vec::new());
    for (seen, reading) in [public_url, twilio, postgres] {
        rest.extend(seen);
        readings.extend(reading);
    }
    findings.extend(rest);
    findings.extend(nats);
    findings.extend(whatsapp);
    findings.extend(disk::check(config));
    findings.extend(clock::check(&readings));
    Ok(findings)
}

/// The first business's number and those of all businesses, each once.
fn numbers(config: &DoctorConfig, of_businesses: Vec<E164>) -> BTreeSet<E164> {
    let first = config.first_number.as_ref().ok().cloned().flatten();
    of_businesses.into_iter().chain(first).collect()
}
