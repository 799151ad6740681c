//! The CRM's worker: every command, each applied by its own rule inside one frame.

pub mod actor;
pub mod business;
pub mod businesses;
mod called_back;
pub mod command;
pub mod leads;
mod notice;
mod operation;
pub mod projector;
pub mod refusal;
pub mod users;

use prosaas_events::{
    CloudEvent, DecodeError, TypeOnly,
    crm::{
        Command, CommandArgs,
        business::{BusinessConfigureV1, BusinessCreateV1, BusinessSetActiveV1, BusinessSetNumbersV1},
        call::CallMarkCalledBackV1,
        lead::{
            LeadCreateV1, LeadDeleteManyV1, LeadDeleteV1, LeadRestoreManyV1, LeadRestoreV1, LeadUpdateV1,
        },
        user::{UserCreateV1, UserDeleteV1, UserRestoreV1, UserSetAvailabilityV1, UserUpdateV1},
    },
    subjects::{Stream, consumers},
};
use sqlx::PgPool;

use self::{command::Frame, projector::Projector};
use crate::{
    live::Live,
    runtime::{Delivery, Done, Failure, Meta, Worker},
};

/// Commands among which each business has its turn.
const WINDOW: usize = 64;

/// Applies the CRM's commands.
#[derive(Clone)]
pub struct CrmWorker {
    frame: Frame,
}

impl CrmWorker {
    /// A worker on that database, which tells the ingresses through the projector, and
    /// whoever is watching through live updates.
    pub fn new(pool: PgPool, projector: Projector, live: Live) -> Self {
        Self { frame: Frame { pool, projector, live, consumer: consumers::CRM } }
    }
}

/// Every command: how it is read, and that the frame applies it.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($args:ty),)+) => {
        /// A command of the CRM.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum CrmCommand {
            $($(#[$doc])* $name(Command<$args>),)+
        }

        impl CrmCommand {
            fn decode(bytes: &[u8]) -> Result<(Meta, Self), DecodeError> {
                let TypeOnly { event_type } = serde_json::from_slice(bytes)?;
                match event_type.as_str() {
                    $(<$args as CommandArgs>::TYPE => {
                        let (meta, data) = Meta::split(CloudEvent::<Command<$args>>::decode(bytes)?);
                        Ok((meta, Self::$name(data)))
                    })+
                    _ => Err(DecodeError::Type { found: event_type, wanted: "command of the CRM" }),
                }
            }

            async fn process(
                &self,
                frame: &Frame,
                delivery: &Delivery,
                meta: &Meta,
            ) -> Result<Done, Failure> {
                match self {
                    $(Self::$name(command) => frame.process(delivery, meta, command).await,)+
                }
            }
        }
    };
}

commands! {
    /// A person enters a lead.
    LeadCreate(LeadCreateV1),
    /// A lead changes.
    LeadUpdate(LeadUpdateV1),
    /// A lead goes into the trash.
    LeadDelete(LeadDeleteV1),
    /// A lead comes out of the trash.
    LeadRestore(LeadRestoreV1),
    /// Several go.
    LeadDeleteMany(LeadDeleteManyV1),
    /// Several come back.
    LeadRestoreMany(LeadRestoreManyV1),
    /// A person joins.
    UserCreate(UserCreateV1),
    /// A person's name or role changes.
    UserUpdate(UserUpdateV1),
    /// Where and when a person takes calls.
    UserSetAvailability(UserSetAvailabilityV1),
    /// A person is removed.
    UserDelete(UserDeleteV1),
    /// A removed person comes back.
    UserRestore(UserRestoreV1),
    /// A business is taken in.
    BusinessCreate(BusinessCreateV1),
    /// How a business answers its calls.
    BusinessConfigure(BusinessConfigureV1),
    /// Which numbers a business owns.
    BusinessSetNumbers(BusinessSetNumbersV1),
    /// A business rests, or is taken up again.
    BusinessSetActive(BusinessSetActiveV1),
    /// A missed caller was called back.
    CallMarkCalledBack(CallMarkCalledBackV1),
}

impl Worker for CrmWorker {
    type Event = CrmCommand;

    fn stream(&self) -> &'static str {
        Stream::Crm.name()
    }

    fn consumer(&self) -> &'static str {
        self.frame.consumer
    }

    fn decode(&self, bytes: &[u8]) -> Result<(Meta, CrmCommand), DecodeError> {
        CrmCommand::decode(bytes)
    }

    async fn handle(&self, delivery: &Delivery, meta: &Meta, command: &CrmCommand) -> Result<Done, Failure> {
        command.process(&self.frame, delivery, meta).await
    }

    fn window(&self) -> usize {
        WINDOW
    }

    fn is_bulk(&self, command: &CrmCommand) -> bool {
        matches!(command, CrmCommand::LeadDeleteMany(_) | CrmCommand::LeadRestoreMany(_))
    }

    async fn ready(&self) -> bool {
        crate::store_answers(&self.frame.pool).await
    }
}
