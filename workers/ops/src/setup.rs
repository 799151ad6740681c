//! `prosaas-ops setup`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::{Client, jetstream};
use prosaas_accounts::people;
use prosaas_platform::{
    bus::{self, definitions::Definitions, reconcile::Outcome, store::Store},
    store,
};
use prosaas_workers::{
    config::OpsConfig,
    crm::projector::Projector,
    rereading::{self, Reread},
    setup,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::output::Out;

/// Brings everything up to date.
pub async fn run(config: &OpsConfig, out: Out, wait: Duration) -> Result<()> {
    let pool = store::connect(&config.database_url, 2).await?;
    setup::wait_for_postgres(&pool, wait).await?;
    let newer_tables = setup::migrate(&pool).await?;
    let reread = match newer_tables {
        None => {
            out.tell("tables: up to date");
            reread(&pool, out).await?
        }
        // What the newer release has read, this one reads no better.
        Some(newer) => {
            out.tell(&format!("tables: {}", newer.left_alone(store::ours()?.version)));
            Reread::default()
        }
    };
    let client = bus::connect(&config.nats_url, bus::Role::Ops).await?;
    let context = jetstream::new(client.clone());
    let Outcome { changes, newer } = setup::apply_streams(&client, wait, config.nats_store_max_bytes).await?;
    let changes: Vec<_> =
        changes.iter().map(|change| format!("{} {}: {}", change.kind, change.name, change.action)).collect();
    for change in &changes {
        out.tell(change);
    }
    match newer {
        Some(newer) => {
            out.tell(&format!("streams: {}", newer.left_alone(Definitions::embedded()?.version)));
        }
        None if changes.is_empty() => out.tell("streams: up to date"),
        None => {}
    }
    disk_of_streams(&client, config, out).await;
    let business = first_business(&pool, config, out).await?;
    let admin = first_admin(&pool, config, out).await?;
    let changed = Projector::new(pool, context).project_all().await.map_err(anyhow::Error::from_boxed)?;
    out.tell(&format!("call configurations: {changed} changed"));
    if !out.json {
        return Ok(());
    }
    out.value(&json!({
        "changes": changes, "first_business": business, "first_admin": admin, "call_configurations": changed,
        "reread": reread, "left_alone": { "tables": newer_tables.is_some(), "streams": newer.is_some() },
    }))
}

/// Reads again the numbers that an older release has read.
async fn reread(pool: &PgPool, out: Out) -> Result<Reread> {
    let reread = rereading::run(pool).await.context("the phone numbers could not be read again")?;
    if reread == Reread::default() {
        out.tell("phone numbers: up to date");
        return Ok(reread);
    }
    let Reread { businesses, lead_phones, calls } = reread;
    out.tell(&format!(
        "phone numbers: read {lead_phones} of leads again; {businesses} businesses and {calls} callers changed"
    ));
    let unread = rereading::unread(pool, 100).await?.len();
    if unread > 0 {
        out.tell("phone numbers: some texts hold none, see `prosaas-ops numbers`");
    }
    Ok(reread)
}

/// Says where the disk cannot hold what the streams may take. It fails nothing: a deployment
/// whose disk has filled needs its workers more than ever.
async fn disk_of_streams(client: &Client, config: &OpsConfig, out: Out) {
    let (wanted, Some(folder)) = (config.nats_store_max_bytes, &config.nats_store_dir) else { return };
    let Ok(store) = Store::of(client).await else { return };
    match setup::disk_shortfall(store, folder, wanted) {
        Ok(0) => {}
        Ok(missing) => {
            tracing::warn!(
                event = "setup.nats_disk_small",
                missing_bytes = missing,
                "see NATS_STORE_MAX_BYTES"
            );
            out.tell(&format!(
                "streams: the disk of NATS is {missing} bytes too small for NATS_STORE_MAX_BYTES ({wanted}): free \
                 that much, or lower it, lest the disk is full before the streams are"
            ));
        }
        Err(error) => out.tell(&format!("streams: NATS_STORE_DIR cannot be looked at: {error}")),
    }
}

/// Its id, where one was made now.
async fn first_business(pool: &PgPool, config: &OpsConfig, out: Out) -> Result<Option<Value>> {
    let Some(number) = &config.first_number else {
        out.tell("first business: not made, TWILIO_PHONE_NUMBER is not set");
        return Ok(None);
    };
    let made = setup::first_business(pool, number).await?;
    match &made {
        Some(business) => out.tell(&format!("first business: {business}, number {number}")),
        None => out.tell("first business: there is one"),
    }
    Ok(made.map(|business| json!(business)))
}

/// Their id, where one was made now.
async fn first_admin(pool: &PgPool, config: &OpsConfig, out: Out) -> Result<Option<Value>> {
    let Some((email, password)) = &config.admin else {
        out.tell("first system admin: not made, ADMIN_EMAIL is not set");
        return Ok(None);
    };
    let made = people::ensure_admin(pool, email, password);
    let made = made.await.context("the first system admin (ADMIN_EMAIL)")?;
    match &made {
        Some(id) => out.tell(&format!("first system admin: {id}")),
        None => out.tell("first system admin: there is one"),
    }
    Ok(made.map(|id| json!(id)))
}
