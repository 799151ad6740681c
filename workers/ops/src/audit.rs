//! `prosaas-ops audit`.

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use futures_util::TryStreamExt as _;
use prosaas_audit as audit;
use prosaas_domain::ids::BusinessId;
use prosaas_platform::{clock, store};
use serde::Serialize;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{
    Ops,
    note::note_reveal,
    time::{self, When},
};

/// Audit records.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Search, the latest first.
    ///
    /// Example: prosaas-ops audit search --action replay. --from 7d
    Search {
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// With --json: show personal data in what has changed. It is noted in the audit records.
        #[arg(long)]
        reveal: bool,
    },
    /// Write all that match, one JSON object a line, the oldest first.
    ///
    /// Example: prosaas-ops audit export --from 2026-01-01 --to 2026-02-01 > january.jsonl
    Export {
        /// Which ones.
        #[command(flatten)]
        filter: Filter,
        /// Show personal data in what has changed. It is noted in the audit records.
        #[arg(long)]
        reveal: bool,
    },
}

/// Which records.
#[derive(Debug, Args)]
pub struct Filter {
    /// The business's id.
    #[arg(long)]
    business: Option<BusinessId>,
    /// An action such as lead.delete, or all of a kind, such as `lead.`.
    #[arg(long)]
    action: Option<String>,
    /// The id of the thing.
    #[arg(long)]
    entity: Option<String>,
    /// The person's id.
    #[arg(long)]
    actor: Option<Uuid>,
    /// Since: a time, or 30m, 2h, 7d ago.
    #[arg(long, value_parser = time::parse)]
    from: Option<When>,
    /// Before.
    #[arg(long, value_parser = time::parse)]
    to: Option<When>,
}

#[derive(Debug, Serialize, FromRow)]
struct Entry {
    id: Uuid,
    at: DateTime<Utc>,
    business_id: Option<Uuid>,
    actor_id: Option<Uuid>,
    actor_name: String,
    request_id: Option<String>,
    event_id: Option<String>,
    action: String,
    entity_type: String,
    entity_id: String,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

impl Entry {
    /// As it may be seen.
    fn seen(mut self, reveal: bool) -> Self {
        if !reveal {
            self.before = self.before.as_ref().map(|state| audit::seen(&self.entity_type, state));
            self.after = self.after.as_ref().map(|state| audit::seen(&self.entity_type, state));
        }
        self
    }
}

fn query(filter: &Filter) -> QueryBuilder<Postgres> {
    let now = clock::system().now();
    let mut query = QueryBuilder::new(
        "SELECT id, at, business_id, actor_id, actor_name, request_id, event_id, action, entity_type, entity_id,
                before, after FROM prosaas.audit_records WHERE true",
    );
    if let Some(business) = filter.business {
        query.push(" AND business_id = ").push_bind(business.0);
    }
    if let Some(action) = &filter.action {
        if action.ends_with('.') {
            query.push(" AND starts_with(action, ").push_bind(action.clone()).push(")");
        } else {
            query.push(" AND action = ").push_bind(action.clone());
        }
    }
    if let Some(entity) = &filter.entity {
        query.push(" AND entity_id = ").push_bind(entity.clone());
    }
    if let Some(actor) = filter.actor {
        query.push(" AND actor_id = ").push_bind(actor);
    }
    if let Some(from) = filter.from {
        query.push(" AND at >= ").push_bind(from.at(now));
    }
    if let Some(to) = filter.to {
        query.push(" AND at < ").push_bind(to.at(now));
    }
    query
}

/// Runs it.
pub async fn run(ops: &Ops, command: Audit) -> Result<()> {
    let pool = ops.database().await?;
    match command {
        Audit::Search { filter, limit, reveal } => {
            if reveal {
                note_reveal(ops, &pool, ("audit.reveal", "audit", "search")).await?;
            }
            let mut query = query(&filter);
            query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(i64::from(limit));
            let entries: Vec<Entry> = query.build_query_as().fetch_all(&pool).await?;
            let entries: Vec<_> = entries.into_iter().map(|entry| entry.seen(reveal)).collect();
            ops.out.rows(&["at", "who", "action", "kind", "thing"], &entries, |entry| {
                vec![
                    time::shown(entry.at),
                    entry.actor_name.clone(),
                    entry.action.clone(),
                    entry.entity_type.clone(),
                    entry.entity_id.clone(),
                ]
            })
        }
        Audit::Export { filter, reveal } => {
            if reveal {
                note_reveal(ops, &pool, ("audit.reveal", "audit", "export")).await?;
            }
            let mut query = query(&filter);
            query.push(" ORDER BY at, id");
            let mut read = store::begin_long_read(&pool).await?;
            let mut entries = query.build_query_as::<Entry>().fetch(&mut *read);
            while let Some(entry) = entries.try_next().await? {
                ops.out.line(&entry.seen(reveal))?;
            }
            Ok(())
        }
    }
}
