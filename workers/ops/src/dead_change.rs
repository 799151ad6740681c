//! `prosaas-ops dead replay` and `discard`: count, confirm, do.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Result;
use clap::Args;
use prosaas_dead_letters::{
    list::{self, Selected},
    replays::{DEFAULT_RATE, masked_selection},
};
use prosaas_domain::ids::ReplayId;
use prosaas_events::selection::Selection;
use prosaas_workers::{
    dead_letters::discard::discard as close,
    operators::check_reason,
    replays::{NewReplay, start},
};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Ops,
    dead_filter::Filter,
    exit::{Failed, stopped},
    note::note,
    output::{counted, say},
    replays::follow,
};

/// Which dead letters, and how it is confirmed.
#[derive(Debug, Args)]
pub struct Chosen {
    /// Dead letters by id; none for all that the filter finds.
    ids: Vec<Uuid>,
    #[command(flatten)]
    filter: Filter,
    /// Why. It is kept with the action.
    #[arg(long)]
    reason: String,
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; needed where nobody can answer.
    #[arg(long)]
    yes: bool,
}

/// A replay.
#[derive(Debug, Args)]
pub struct Replay {
    #[command(flatten)]
    chosen: Chosen,
    /// Most events a second, 1 to 5000.
    #[arg(long, default_value_t = DEFAULT_RATE, value_parser = clap::value_parser!(u32).range(1..=5000))]
    rate: u32,
    /// Do not follow it to its end.
    #[arg(long)]
    no_wait: bool,
}

/// A discard.
#[derive(Debug, Args)]
pub struct Discard {
    #[command(flatten)]
    chosen: Chosen,
}

impl Chosen {
    async fn count(self, ops: &Ops, pool: &PgPool) -> Result<Option<(Selected, String)>> {
        check_reason(&self.reason).map_err(|refusal| Failed::Refused(refusal.error))?;
        let selection = if self.ids.is_empty() {
            Selection::Filter(self.filter.read())
        } else {
            Selection::Ids(self.ids)
        };
        let selected = list::count(pool, selection).await?;
        tell(ops, &selected, self.dry_run)?;
        if selected.count == 0 {
            return Err(Failed::NotFound("dead letter").into());
        }
        if self.dry_run {
            return Ok(None);
        }
        if !self.yes {
            confirm(selected.count)?;
        }
        Ok(Some((selected, self.reason)))
    }
}

fn tell(ops: &Ops, selected: &Selected, dry_run: bool) -> Result<()> {
    if ops.out.json {
        return if dry_run { ops.out.value(selected) } else { Ok(()) };
    }
    ops.out.rows(&["count", "worker", "type", "not replayable", "paused"], &selected.by_worker, |of| {
        vec![
            of.count.to_string(),
            of.worker.clone(),
            of.event_type.clone().unwrap_or_else(|| "-".to_owned()),
            of.not_replayable.to_string(),
            if of.paused { "yes" } else { "-" }.to_owned(),
        ]
    })?;
    say(&counted(selected.count, "dead letter"));
    Ok(())
}

/// Asks for the number, so that nobody confirms more than they mean.
pub fn confirm(count: i64) -> Result<()> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Failed::Refused("nobody can be asked: add --yes, or --dry-run to look".to_owned()).into());
    }
    say(&format!("Type {count} to go on:"));
    let line = input.lock().lines().next().transpose()?.unwrap_or_default();
    if line.trim() == count.to_string() {
        Ok(())
    } else {
        Err(Failed::Refused("not confirmed".to_owned()).into())
    }
}

/// Runs dead letters again.
pub async fn replay(ops: &Ops, asked: Replay) -> Result<()> {
    let pool = ops.database().await?;
    let Some((selected, reason)) = asked.chosen.count(ops, &pool).await? else { return Ok(()) };
    let id = ReplayId(Uuid::now_v7());
    let actor = ops.actor();
    let new = NewReplay { id, reason: &reason, rate: asked.rate, by: None, by_name: &actor.name };
    let mut transaction = pool.begin().await?;
    let started =
        start(&mut transaction, &new, &selected.selection, selected.count).await.map_err(stopped)?;
    note(ops, &mut transaction, None, ("replay.start", "replay", &id.to_string()), Some(started.audit(&new)))
        .await?;
    transaction.commit().await?;
    ops.out.tell(&format!(
        "replay number {}, {}: {id}",
        started.number,
        counted(started.count, "dead letter")
    ));
    if asked.no_wait {
        return if ops.out.json {
            ops.out.value(&json!({ "replay_id": id, "count": started.count }))
        } else {
            Ok(())
        };
    }
    follow(ops, &pool, id).await
}

/// Closes dead letters.
pub async fn discard(ops: &Ops, asked: Discard) -> Result<()> {
    let pool = ops.database().await?;
    let Some((selected, reason)) = asked.chosen.count(ops, &pool).await? else { return Ok(()) };
    let by = ops.actor().name;
    let mut transaction = pool.begin().await?;
    let discarded =
        close(&mut transaction, &selected.selection, selected.count, &reason, &by).await.map_err(stopped)?;
    let after = json!({
        "count": discarded, "reason": reason, "selection": masked_selection(&json!(selected.selection)),
    });
    let id = Uuid::now_v7().to_string();
    note(ops, &mut transaction, None, ("dead_letter.discard", "dead_letter", &id), Some(after)).await?;
    transaction.commit().await?;
    ops.out.tell(&format!("discarded {}", counted(discarded, "dead letter")));
    if ops.out.json { ops.out.value(&json!({ "discarded": discarded })) } else { Ok(()) }
}
