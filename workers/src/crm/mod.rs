//! The CRM's worker: commands about businesses.

pub mod business;
pub mod configure;
pub mod projector;

use prosaas_shared::{
    events::{
        CloudEvent, DecodeError,
        crm::{Command, business::BusinessConfigureV1},
    },
    subjects::{Stream, consumers},
};
use sqlx::PgPool;

use self::projector::Projector;
use crate::runtime::{Delivery, Done, Failure, Meta, Worker};

/// A command of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrmCommand {
    /// How a business answers its calls.
    BusinessConfigure(Command<BusinessConfigureV1>),
}

/// Applies the CRM's commands.
#[derive(Clone)]
pub struct CrmWorker {
    pool: PgPool,
    projector: Projector,
}

impl CrmWorker {
    /// A worker on that database, which tells the ingresses through the projector.
    pub fn new(pool: PgPool, projector: Projector) -> Self {
        Self { pool, projector }
    }
}

impl Worker for CrmWorker {
    type Event = CrmCommand;

    fn stream(&self) -> Stream {
        Stream::Crm
    }

    fn consumer(&self) -> &'static str {
        consumers::CRM
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, CrmCommand), DecodeError> {
        let (meta, data) = Meta::split(CloudEvent::<Command<BusinessConfigureV1>>::decode(bytes)?);
        Ok((meta, CrmCommand::BusinessConfigure(data)))
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, command: &CrmCommand) -> Result<Done, Failure> {
        let CrmCommand::BusinessConfigure(command) = command;
        let data = &command.args;
        let done = configure::configure(&self.pool, self.consumer(), delivery.attempt, meta, data).await?;
        // Also for a redelivery: the first time may have ended right after its commit.
        self.projector.after_commit(data.business_id).await;
        Ok(done)
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.pool).await
    }
}
