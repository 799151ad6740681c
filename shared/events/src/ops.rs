//! Commands of operators. They travel in a stream of their own.

use prosaas_domain::ids::{BatchId, ReplayId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::crm::CommandArgs;
use crate::{selection::Selection, subjects::Stream};

macro_rules! command {
    ($args:ident, $type:literal, $action:literal, |$this:ident| $entity:expr) => {
        impl CommandArgs for $args {
            const TYPE: &'static str = $type;
            const ACTION: &'static str = $action;
            const STREAM: Stream = Stream::Ops;

            fn entity(&self) -> Uuid {
                let $this = self;
                $entity
            }
        }
    };
}

/// `pro.prosaas.ops.dead_letter_discard.v1`: dead letters that nobody needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterDiscardV1 {
    /// Names the action.
    pub batch_id: BatchId,
    /// Which.
    pub selection: Selection,
    /// How many the person saw; another number now fails the command.
    #[schemars(extend("x-visible" = true))]
    pub expected_count: i64,
    /// Why.
    #[schemars(extend("x-visible" = true))]
    pub reason: String,
}
command!(DeadLetterDiscardV1, "pro.prosaas.ops.dead_letter_discard.v1", "dead_letter.discard", |command| {
    command.batch_id.0
});

/// `pro.prosaas.ops.replay_start.v1`: dead letters run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayStartV1 {
    /// The replay's id.
    pub replay_id: ReplayId,
    /// Which.
    pub selection: Selection,
    /// How many the person saw; another number now fails the command.
    #[schemars(extend("x-visible" = true))]
    pub expected_count: i64,
    /// Why.
    #[schemars(extend("x-visible" = true))]
    pub reason: String,
    /// Most events a second.
    #[schemars(extend("x-visible" = true))]
    pub rate: u32,
}
command!(ReplayStartV1, "pro.prosaas.ops.replay_start.v1", "replay.start", |command| command.replay_id.0);

/// `pro.prosaas.ops.replay_cancel.v1`: what is not published yet is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayCancelV1 {
    /// The replay.
    pub replay_id: ReplayId,
    /// Why.
    #[schemars(extend("x-visible" = true))]
    pub reason: String,
}
command!(ReplayCancelV1, "pro.prosaas.ops.replay_cancel.v1", "replay.cancel", |command| command.replay_id.0);

/// `pro.prosaas.ops.worker_pause.v1`: a worker gets no events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerPauseV1 {
    /// Its consumer.
    #[schemars(extend("x-visible" = "id"))]
    pub worker: String,
    /// For how long, minutes; until somebody says otherwise when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-visible" = true))]
    pub minutes: Option<u32>,
    /// Why.
    #[schemars(extend("x-visible" = true))]
    pub reason: String,
}
command!(WorkerPauseV1, "pro.prosaas.ops.worker_pause.v1", "worker.pause", |command| {
    worker_entity(&command.worker)
});

/// `pro.prosaas.ops.worker_resume.v1`: a paused worker goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerResumeV1 {
    /// Its consumer.
    #[schemars(extend("x-visible" = "id"))]
    pub worker: String,
    /// Why.
    #[schemars(extend("x-visible" = true))]
    pub reason: String,
}
command!(WorkerResumeV1, "pro.prosaas.ops.worker_resume.v1", "worker.resume", |command| {
    worker_entity(&command.worker)
});

/// A worker has a name; what commands are about has an id.
pub fn worker_entity(worker: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("prosaas:worker:{worker}").as_bytes())
}
