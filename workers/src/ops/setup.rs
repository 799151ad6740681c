//! `prosaas-ops setup`.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use prosaas_shared::{bus, people, store};
use sqlx::PgPool;

use super::output::say;
use crate::{config::OpsConfig, crm::projector::Projector, setup};

/// Brings everything up to date.
pub async fn run(config: &OpsConfig, wait: Duration) -> Result<()> {
    let pool = store::connect(&config.database_url, 2).await?;
    setup::wait_for_postgres(&pool, wait).await?;
    setup::migrate(&pool).await?;
    say("tables: up to date");
    let client = bus::connect(&config.nats_url, bus::Role::Ops).await?;
    let context = jetstream::new(client.clone());
    let changes = setup::apply_streams(&client, wait).await?;
    for change in &changes {
        say(&format!("{} {}: {}", change.kind, change.name, change.action));
    }
    if changes.is_empty() {
        say("streams: up to date");
    }
    match &config.first_number {
        Some(number) => match setup::first_business(&pool, number).await? {
            Some(business) => say(&format!("first business: {business}, number {number}")),
            None => say("first business: there is one"),
        },
        None => say("first business: not made, TWILIO_PHONE_NUMBER is not set"),
    }
    first_admin(&pool, config).await?;
    let changed = Projector::new(pool, context).project_all().await.map_err(anyhow::Error::from_boxed)?;
    say(&format!("call configurations: {changed} changed"));
    Ok(())
}

async fn first_admin(pool: &PgPool, config: &OpsConfig) -> Result<()> {
    let Some((email, password)) = &config.admin else {
        say("first system admin: not made, ADMIN_EMAIL is not set");
        return Ok(());
    };
    match people::ensure_admin(pool, email, password).await.context("the first system admin (ADMIN_EMAIL)")? {
        Some(id) => say(&format!("first system admin: {id}")),
        None => say("first system admin: there is one"),
    }
    Ok(())
}
