//! Operators' commands: replay, discard, pause. Each is applied in the frame of every
//! command, with its audit record; the command line does the same without the stream.

mod discard;
mod pause;
mod pauses;
mod replay;

use std::sync::Arc;

use prosaas_events::{
    CloudEvent, DecodeError, TypeOnly,
    crm::{Command, CommandArgs as _},
    ops::{DeadLetterDiscardV1, ReplayCancelV1, ReplayStartV1, WorkerPauseV1, WorkerResumeV1},
    subjects::{Stream, consumers},
};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::{
    crm::{command::Frame, projector::Projector, refusal::Refusal},
    live::Live,
    runtime::{Delivery, Done, Failure, Meta, Worker},
};

pub use self::pauses::{Pauses, set as set_pause};

/// Longest reason, characters.
const MAX_REASON: usize = 500;

/// An operator's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpsCommand {
    /// Dead letters are not needed.
    Discard(Command<DeadLetterDiscardV1>),
    /// Dead letters run again.
    Start(Command<ReplayStartV1>),
    /// A replay ends.
    Cancel(Command<ReplayCancelV1>),
    /// A worker pauses.
    Pause(Command<WorkerPauseV1>),
    /// A worker goes on.
    Resume(Command<WorkerResumeV1>),
}

/// Applies operators' commands.
#[derive(Clone)]
pub struct OpsWorker {
    frame: Frame,
    replays: Arc<Notify>,
    pauses: Arc<Notify>,
}

impl OpsWorker {
    /// A worker on that database. It wakes whoever runs replays and keeps pauses.
    pub fn new(
        pool: PgPool,
        projector: Projector,
        live: Live,
        replays: Arc<Notify>,
        pauses: Arc<Notify>,
    ) -> Self {
        Self { frame: Frame { pool, projector, live, consumer: consumers::OPS }, replays, pauses }
    }
}

impl Worker for OpsWorker {
    type Event = OpsCommand;

    fn stream(&self) -> &'static str {
        Stream::Ops.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::OPS
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, OpsCommand), DecodeError> {
        let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
        macro_rules! command {
            ($name:ident) => {{
                let (meta, data) = Meta::split(CloudEvent::decode(bytes)?);
                Ok((meta, OpsCommand::$name(data)))
            }};
        }
        match event_type.as_str() {
            DeadLetterDiscardV1::TYPE => command!(Discard),
            ReplayStartV1::TYPE => command!(Start),
            ReplayCancelV1::TYPE => command!(Cancel),
            WorkerPauseV1::TYPE => command!(Pause),
            WorkerResumeV1::TYPE => command!(Resume),
            _ => Err(DecodeError::Type { found: event_type, wanted: "command of operators" }),
        }
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, event: &OpsCommand) -> Result<Done, Failure> {
        match event {
            OpsCommand::Discard(command) => self.frame.process(delivery, meta, command).await,
            OpsCommand::Start(command) => {
                let done = self.frame.process(delivery, meta, command).await;
                self.replays.notify_one();
                done
            }
            OpsCommand::Cancel(command) => self.frame.process(delivery, meta, command).await,
            OpsCommand::Pause(command) => {
                let done = self.frame.process(delivery, meta, command).await;
                self.pauses.notify_one();
                done
            }
            OpsCommand::Resume(command) => {
                let done = self.frame.process(delivery, meta, command).await;
                self.pauses.notify_one();
                done
            }
        }
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.frame.pool).await
    }
}

/// A reason is required.
pub fn check_reason(reason: &str) -> Result<(), Refusal> {
    let count = reason.trim().chars().count();
    if (1..=MAX_REASON).contains(&count) {
        return Ok(());
    }
    Err(Refusal::invalid("reason", "length", "A reason has 1 to 500 characters."))
}
