//! `prosaas-ops outward`: what goes out and cannot be taken back, and the switch that stops it.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use prosaas_domain::{ids::BusinessId, phone};
use prosaas_workers::{operators::check_reason, outward::stops};
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::{Ops, exit::Failed, note::note, output::or_dash, time};

/// What goes out.
#[derive(Debug, Subcommand)]
pub enum Outward {
    /// List messages and what became of them: first those of which nobody knows. Numbers are masked.
    List {
        /// Of one business.
        #[arg(long)]
        business: Option<BusinessId>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send nothing any more, until it is resumed: of one business, or of all.
    ///
    /// What is due waits, and is a task for a person when it gets too old.
    ///
    /// Example: prosaas-ops outward stop --reason "messages go to the wrong people"
    Stop {
        /// One business only.
        #[arg(long)]
        business: Option<BusinessId>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// End that stop. One of all and one of a business are two.
    Resume {
        /// One business only.
        #[arg(long)]
        business: Option<BusinessId>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Serialize, FromRow)]
struct Row {
    id: Uuid,
    business_id: Uuid,
    state: String,
    reason: Option<String>,
    error_code: Option<i64>,
    attempts: i32,
    to: String,
    provider_id: Option<String>,
    created_at: DateTime<Utc>,
    stopped: bool,
}

/// Runs it.
pub async fn run(ops: &Ops, command: Outward) -> Result<()> {
    match command {
        Outward::List { business, limit } => list(ops, business, limit).await,
        Outward::Stop { business, reason } => change(ops, business, true, &reason).await,
        Outward::Resume { business, reason } => change(ops, business, false, &reason).await,
    }
}

async fn list(ops: &Ops, business: Option<BusinessId>, limit: u32) -> Result<()> {
    let mut rows: Vec<Row> = sqlx::query_as(
        "SELECT e.id, e.business_id, e.state, e.reason, e.error_code, e.attempts, e.destination AS to, e.provider_id,
                e.created_at,
                EXISTS (SELECT FROM prosaas.outward_stops AS s
                        WHERE s.business_id IS NULL OR s.business_id = e.business_id) AS stopped
         FROM prosaas.outward_effects AS e
         WHERE $1::uuid IS NULL OR e.business_id = $1
         ORDER BY e.state <> 'unknown', e.state <> 'asking', e.created_at DESC, e.id LIMIT $2",
    )
    .bind(business.map(|business| business.0))
    .bind(i64::from(limit))
    .fetch_all(&ops.database().await?)
    .await?;
    for row in &mut rows {
        row.to = phone::masked(&row.to);
    }
    let head =
        ["created", "state", "reason", "code", "tries", "stopped", "to", "Twilio's id", "business", "id"];
    ops.out.rows(&head, &rows, |row| {
        vec![
            time::shown(row.created_at),
            row.state.clone(),
            or_dash(row.reason.as_deref()),
            or_dash(row.error_code.map(|code| code.to_string()).as_deref()),
            row.attempts.to_string(),
            if row.stopped { "yes" } else { "no" }.to_owned(),
            row.to.clone(),
            or_dash(row.provider_id.as_deref()),
            row.business_id.to_string(),
            row.id.to_string(),
        ]
    })
}

async fn change(ops: &Ops, business: Option<BusinessId>, stop: bool, reason: &str) -> Result<()> {
    check_reason(reason).map_err(|refusal| Failed::Refused(refusal.error))?;
    let mut transaction = ops.database().await?.begin().await?;
    if let Some(business) = business {
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM prosaas.businesses WHERE id = $1)")
            .bind(business.0)
            .fetch_one(&mut *transaction)
            .await?;
        if !known {
            return Err(Failed::NotFound("business").into());
        }
    }
    let changed = if stop {
        stops::stop(&mut transaction, business, reason, &ops.actor().name).await?
    } else {
        stops::resume(&mut transaction, business).await?
    };
    if changed {
        let action = if stop { "outward.stop" } else { "outward.resume" };
        let which = business.map_or_else(|| "all".to_owned(), |business| business.to_string());
        let after = json!({ "stopped": stop, "reason": reason });
        note(ops, &mut transaction, business, (action, "outward", &which), Some(after)).await?;
    }
    transaction.commit().await?;
    ops.out.tell(match (changed, stop) {
        (true, true) => "stopped",
        (true, false) => "goes on",
        (false, true) => "was stopped already",
        (false, false) => "was not stopped",
    });
    if ops.out.json { ops.out.value(&json!({ "stopped": stop, "changed": changed })) } else { Ok(()) }
}
