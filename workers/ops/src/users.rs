//! `prosaas-ops users`.

use std::io::BufRead as _;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use prosaas_accounts::people::{self, ADMINS_LOCK, NewPerson};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::note::note;
use super::{Ops, exit::Failed};

/// People.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Make a person. Without --password-stdin a password is made up and printed.
    ///
    /// Example: prosaas-ops users create --email dana@example.com --name Dana --role `system_admin`
    Create(NewUser),
    /// Bring a removed person back, with no session.
    Restore {
        /// Their id.
        id: UserId,
    },
    /// End every session of a person: they must log in again.
    EndSessions {
        /// Their id.
        id: UserId,
    },
}

/// A person to be made.
#[derive(Debug, Args)]
pub struct NewUser {
    /// The address that they log in with.
    #[arg(long)]
    email: String,
    /// What they are called.
    #[arg(long)]
    name: String,
    /// agent, manager, owner or `system_admin`.
    #[arg(long)]
    role: Role,
    /// The id of the business that they work in; none for a system admin.
    #[arg(long)]
    business: Option<BusinessId>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

/// Runs it.
pub async fn run(ops: &Ops, command: Users) -> Result<()> {
    match command {
        Users::Create(user) => create(ops, &user).await,
        Users::Restore { id } => restore(ops, id).await,
        Users::EndSessions { id } => end_sessions(ops, id).await,
    }
}

async fn create(ops: &Ops, user: &NewUser) -> Result<()> {
    let pool = ops.database().await?;
    let (password, made_up) = if user.password_stdin {
        let line = std::io::stdin().lock().lines().next().context("standard input is empty")??;
        (SecretString::from(line), None)
    } else {
        let text = Uuid::new_v4().simple().to_string();
        (SecretString::from(text.clone()), Some(text))
    };
    let person = NewPerson {
        business: user.business,
        email: user.email.trim(),
        name: user.name.trim(),
        role: user.role,
        password: &password,
    };
    let id = people::create_by(&pool, &person, &ops.actor().name).await.context("the person was not made")?;
    if ops.out.json {
        return ops.out.value(&json!({ "user_id": id, "password": made_up }));
    }
    ops.out.tell(&format!("user: {id}"));
    if let Some(text) = made_up {
        ops.out.tell(&format!("password: {text}"));
    }
    Ok(())
}

async fn restore(ops: &Ops, id: UserId) -> Result<()> {
    let pool = ops.database().await?;
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ADMINS_LOCK).execute(&mut *transaction).await?;
    let restored: Option<Option<Uuid>> = sqlx::query_scalar(
        "UPDATE prosaas.users
         SET deleted_at = NULL, deleted_by = NULL, version = version + 1, updated_at = now()
         WHERE id = $1 AND deleted_at IS NOT NULL RETURNING business_id",
    )
    .bind(id.0)
    .fetch_optional(&mut *transaction)
    .await
    .context("the person was not restored: somebody else may have the address now")?;
    let business = restored.ok_or(Failed::NotFound("removed person"))?.map(BusinessId);
    // Whatever session of theirs was left: they log in anew.
    sqlx::query("UPDATE prosaas.user_sessions SET ended_at = now() WHERE user_id = $1 AND ended_at IS NULL")
        .bind(id.0)
        .execute(&mut *transaction)
        .await?;
    note(
        ops,
        &mut transaction,
        business,
        ("user.restore", "user", &id.to_string()),
        Some(json!({ "deleted": false })),
    )
    .await?;
    transaction.commit().await?;
    ops.out.tell("restored");
    if ops.out.json { ops.out.value(&json!({ "user_id": id })) } else { Ok(()) }
}

async fn end_sessions(ops: &Ops, id: UserId) -> Result<()> {
    let pool = ops.database().await?;
    let mut transaction = pool.begin().await?;
    let found: Option<Option<Uuid>> =
        sqlx::query_scalar("SELECT business_id FROM prosaas.users WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut *transaction)
            .await?;
    let business = found.ok_or(Failed::NotFound("person"))?.map(BusinessId);
    let ended = sqlx::query(
        "UPDATE prosaas.user_sessions SET ended_at = now()
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now()",
    )
    .bind(id.0)
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    note(
        ops,
        &mut transaction,
        business,
        ("session.end_all", "user", &id.to_string()),
        Some(json!({ "sessions_ended": ended })),
    )
    .await?;
    transaction.commit().await?;
    ops.out.tell(&format!("{ended} sessions have ended"));
    if ops.out.json { ops.out.value(&json!({ "ended": ended })) } else { Ok(()) }
}
