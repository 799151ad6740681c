//! The WhatsApp worker: keeps each session's row from the service's facts, and notes what
//! people want of it. The service is called by [`effects`], from the rows:
//!
//! ```text
//! command ─► row: what is wanted, the call that is due ─► effects ─► service
//! service ─► fact ─► row: how it stands, history, audit ─► live update
//! ```

mod apply_facts;
mod change;
mod delete;
mod due;
pub mod effects;
mod fold;
#[cfg(test)]
mod fold_tests;
mod init;
mod logout;
mod outcome;
mod pairing_code;
mod rows;
mod session;
mod told;

use std::sync::Arc;

use prosaas_events::{
    CloudEvent, DecodeError, EventData as _, TypeOnly,
    crm::{Command, CommandArgs as _},
    subjects::{LiveKind, Stream, consumers},
    whatsapp::{WhatsappDeleteV1, WhatsappFactV1, WhatsappInitV1, WhatsappLogoutV1, WhatsappPairingCodeV1},
};
use prosaas_whatsapp_service::WhatsappService;
use sqlx::PgPool;
use tokio::sync::Notify;
use tracing::Instrument as _;

use self::{apply_facts::apply_facts, change::Told, session::Effect};
use crate::{
    crm::{command::Frame, projector::Projector},
    live::{Live, Update},
    runtime::{Delivery, Done, Failure, Job, Meta, Worker},
};

/// Names of the calls that the service gets.
pub const EFFECTS: [&str; 4] =
    [Effect::Start.as_str(), Effect::PairingCode.as_str(), Effect::Logout.as_str(), Effect::Delete.as_str()];

/// Most facts of one transaction.
const BATCH: usize = 100;

/// An event about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatsappEvent {
    /// The service reports.
    Fact(WhatsappFactV1),
    /// Somebody wants it linked.
    Init(Command<WhatsappInitV1>),
    /// Somebody wants a code to type on the phone.
    PairingCode(Command<WhatsappPairingCodeV1>),
    /// Somebody wants it unlinked.
    Logout(Command<WhatsappLogoutV1>),
    /// Somebody wants it gone.
    Delete(Command<WhatsappDeleteV1>),
}

/// Applies facts and commands.
#[derive(Clone)]
pub struct WhatsappWorker {
    frame: Frame,
    service: WhatsappService,
    /// A command has left something to do.
    due: Arc<Notify>,
}

impl WhatsappWorker {
    /// A worker between that database and that service.
    pub fn new(pool: PgPool, projector: Projector, live: Live, service: WhatsappService) -> Self {
        let frame = Frame { pool, projector, live, consumer: consumers::WHATSAPP };
        Self { frame, service, due: Arc::default() }
    }

    async fn facts(&self, facts: &[Told<'_>]) -> Result<Vec<Done>, Failure> {
        let span = tracing::info_span!("whatsapp.apply_facts", facts = facts.len());
        let done = apply_facts(&self.frame.pool, self.consumer(), facts).instrument(span).await?;
        // Also for a redelivery: the first time may have ended right after its commit.
        for (meta, told) in facts {
            let action = format!("whatsapp.{}", told.fact.kind());
            let update = Update::fact(meta.business, LiveKind::Whatsapp, told.session_id, action);
            self.frame.live.publish(update).await;
        }
        Ok(done)
    }
}

impl Worker for WhatsappWorker {
    type Event = WhatsappEvent;

    fn stream(&self) -> &'static str {
        Stream::Whatsapp.name()
    }

    fn consumer(&self) -> &'static str {
        consumers::WHATSAPP
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, WhatsappEvent), DecodeError> {
        let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
        macro_rules! command {
            ($name:ident) => {{
                let (meta, data) = Meta::split(CloudEvent::decode(bytes)?);
                Ok((meta, WhatsappEvent::$name(data)))
            }};
        }
        match event_type.as_str() {
            WhatsappInitV1::TYPE => command!(Init),
            WhatsappPairingCodeV1::TYPE => command!(PairingCode),
            WhatsappLogoutV1::TYPE => command!(Logout),
            WhatsappDeleteV1::TYPE => command!(Delete),
            WhatsappFactV1::TYPE => command!(Fact),
            _ => Err(DecodeError::Type { found: event_type, wanted: "event of WhatsApp" }),
        }
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, event: &WhatsappEvent) -> Result<Done, Failure> {
        let done = match event {
            WhatsappEvent::Fact(told) => {
                return Ok(Done::only(&self.facts(&[(meta, told)]).await?));
            }
            WhatsappEvent::Init(command) => self.frame.process(delivery, meta, command).await,
            WhatsappEvent::PairingCode(command) => self.frame.process(delivery, meta, command).await,
            WhatsappEvent::Logout(command) => self.frame.process(delivery, meta, command).await,
            WhatsappEvent::Delete(command) => self.frame.process(delivery, meta, command).await,
        };
        self.due.notify_one();
        done
    }

    fn most_at_once(&self) -> usize {
        BATCH
    }

    fn goes_with_others(&self, event: &WhatsappEvent) -> bool {
        matches!(event, WhatsappEvent::Fact(_))
    }

    async fn handle_all(&self, events: &[Job<'_, WhatsappEvent>]) -> Result<Vec<Done>, Failure> {
        let mut facts: Vec<Told<'_>> = Vec::with_capacity(events.len());
        for job in events {
            let WhatsappEvent::Fact(told) = job.event else {
                return Err(Failure::fail("a command goes alone"));
            };
            facts.push((job.meta, told));
        }
        self.facts(&facts).await
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.frame.pool).await
    }
}
