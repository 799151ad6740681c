//! Commands of the CRM on a real Postgres.

mod availability;
mod businesses;
mod calls;
mod frame;
mod leads;
mod search;
mod users;

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use chrono::{DateTime, Utc};
use prosaas_domain::ids::{BusinessId, OperationId, UserId};
use prosaas_events::{
    CloudEvent,
    crm::{Command, CommandArgs, CommandMeta},
    subjects::{Stream, Subject},
};
use prosaas_platform::bus;
use prosaas_workers::{
    crm::{CrmWorker, projector::Projector},
    live::Live,
    runtime::{Delivery, Done, Failure, Worker as _},
};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::Database;

/// A business and its people, and the worker.
pub struct Crm {
    pub database: Database,
    pub worker: CrmWorker,
    pub business: BusinessId,
    pub admin: UserId,
    pub owner: UserId,
    pub manager: UserId,
    pub agent: UserId,
}

/// What the operation's row says.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub result: Option<Value>,
    pub problem: Option<Value>,
}

impl Outcome {
    /// The status: 200, or the problem's.
    pub fn status(&self) -> u64 {
        self.problem.as_ref().map_or(200, |problem| problem["status"].as_u64().unwrap_or(0))
    }

    /// The problem's kind.
    pub fn kind(&self) -> &str {
        self.problem.as_ref().and_then(|problem| problem["type"].as_str()).unwrap_or("")
    }
}

/// A command on its way.
pub struct Sent {
    pub id: String,
    pub subject: String,
    pub payload: Vec<u8>,
    pub operation: OperationId,
}

/// Encodes a command as the ingress does.
pub fn command<T: CommandArgs>(
    id: &str,
    actor: UserId,
    business: Option<BusinessId>,
    args: T,
) -> Result<Sent> {
    let operation = OperationId(Uuid::new_v4());
    let (subject, entity) = (Subject::command(&args).into_string(), args.entity().to_string());
    let meta = CommandMeta {
        operation_id: operation,
        request_id: format!("request-{id}"),
        ip: Some([192, 0, 2, 7].into()),
    };
    let time = DateTime::<Utc>::from_timestamp(1_750_000_000, 0).context("a time")?;
    let data = Command { meta, args };
    let mut event = CloudEvent::new(id.parse()?, "/ingress/api".to_owned(), entity, time, data);
    event.actorid = Some(actor);
    event.businessid = business;
    Ok(Sent { id: id.to_owned(), subject, payload: event.encode()?, operation })
}

/// The first delivery, at once.
pub fn delivery(sent: &Sent) -> Delivery {
    Delivery {
        stream: Stream::Crm.name().to_owned(),
        sequence: 1,
        subject: sent.subject.clone(),
        attempt: 1,
        last: false,
        waited: Duration::ZERO,
    }
}

pub async fn person(pool: &PgPool, business: Option<BusinessId>, role: &str, email: &str) -> Result<UserId> {
    let id = Uuid::now_v7();
    sqlx::query("INSERT INTO prosaas.users (id, business_id, email, name, role) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(business.map(|b| b.0))
        .bind(email)
        .bind(format!("the {role}"))
        .bind(role)
        .execute(pool)
        .await?;
    Ok(UserId(id))
}

pub async fn business(pool: &PgPool) -> Result<BusinessId> {
    let id = Uuid::now_v7();
    sqlx::query("INSERT INTO prosaas.businesses (id, name) VALUES ($1, 'Shop')")
        .bind(id)
        .execute(pool)
        .await?;
    Ok(BusinessId(id))
}

pub async fn session(pool: &PgPool, user: UserId) -> Result<()> {
    let hash = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    sqlx::query(
        "INSERT INTO prosaas.user_sessions (id, user_id, token_hash, expires_at)
         VALUES ($1, $2, $3, now() + interval '1 day')",
    )
    .bind(Uuid::now_v7())
    .bind(user.0)
    .bind(hash)
    .execute(pool)
    .await?;
    Ok(())
}

impl Crm {
    /// One whose live updates nobody hears, and whose call configurations go nowhere.
    pub async fn quiet() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nowhere = SecretString::from("nats://workers:x@127.0.0.1:1");
        let client = bus::connect(&nowhere, bus::Role::Workers).await?;
        Self::on(jetstream::new(client), Live::silent()).await
    }

    pub async fn on(jetstream: jetstream::Context, live: Live) -> Result<Self> {
        let database = Database::migrated().await?;
        let pool = database.pool.clone();
        let projector = Projector::new(pool.clone(), jetstream);
        let business = business(&pool).await?;
        let own = Some(business);
        Ok(Self {
            admin: person(&pool, None, "system_admin", "admin@example.com").await?,
            owner: person(&pool, own, "owner", "owner@example.com").await?,
            manager: person(&pool, own, "manager", "manager@example.com").await?,
            agent: person(&pool, own, "agent", "agent@example.com").await?,
            worker: CrmWorker::new(pool, projector, live),
            database,
            business,
        })
    }

    pub fn pool(&self) -> &PgPool {
        &self.database.pool
    }

    pub async fn deliver(&self, sent: &Sent, delivery: &Delivery) -> Result<Done, Failure> {
        let (meta, event) = self.worker.decode(&sent.payload).map_err(Failure::fail)?;
        self.worker.handle(delivery, &meta, &event).await
    }

    pub async fn outcome(&self, sent: &Sent) -> Result<Option<Outcome>> {
        let row: Option<(Option<Value>, Option<Value>)> =
            sqlx::query_as("SELECT result, problem FROM prosaas.operations WHERE id = $1")
                .bind(sent.operation.0)
                .fetch_optional(self.pool())
                .await?;
        Ok(row.map(|(result, problem)| Outcome { result, problem }))
    }

    /// Applies a command; reruns it as the runtime would when another was in the way.
    pub async fn send(
        &self,
        actor: UserId,
        business: Option<BusinessId>,
        args: impl CommandArgs,
    ) -> Result<Outcome> {
        let sent = command(&Uuid::new_v4().to_string(), actor, business, args)?;
        for _ in 0..6 {
            match self.deliver(&sent, &delivery(&sent)).await {
                Err(Failure::Conflict(_)) => {}
                Ok(_) => return self.outcome(&sent).await?.context("an operation"),
                Err(other) => return Err(other.into()),
            }
        }
        anyhow::bail!("always in the way")
    }

    /// In the own business.
    pub async fn own(&self, actor: UserId, args: impl CommandArgs) -> Result<Outcome> {
        self.send(actor, Some(self.business), args).await
    }

    pub async fn audit(&self) -> Result<Vec<(String, String)>> {
        Ok(sqlx::query_as("SELECT action, entity_id FROM prosaas.audit_records ORDER BY at, id")
            .fetch_all(self.pool())
            .await?)
    }

    pub async fn actions(&self) -> Result<Vec<String>> {
        Ok(self.audit().await?.into_iter().map(|(action, _)| action).collect())
    }
}
