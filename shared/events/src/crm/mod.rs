//! Commands of the CRM. Each is an event: accepted by the ingress, applied by
//! the worker with its audit record and its operation in one transaction.

pub mod business;
pub mod call;
pub mod lead;
pub mod user;

use std::net::IpAddr;

use prosaas_domain::ids::OperationId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::EventData;
use crate::stream::Stream;

/// A command with who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command<T> {
    /// Where it came from.
    pub meta: CommandMeta,
    /// What is asked.
    pub args: T,
}

/// Where a command came from. The actor's id is the event's `actorid`, the
/// business its `businessid`; the actor's name is read when it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandMeta {
    /// The operation that reports how it went.
    pub operation_id: OperationId,
    /// The request that asked for it.
    #[schemars(extend("x-visible" = "id"))]
    pub request_id: String,
    /// The address that it came from, for the audit record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

/// What a command asks for.
pub trait CommandArgs: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// `pro.prosaas.crm.<noun>_<verb>.v<N>`.
    const TYPE: &'static str;
    /// `lead.create`: the subject's middle, the operation's action and the audit record's.
    const ACTION: &'static str;
    /// The stream that it travels in.
    const STREAM: Stream = Stream::Crm;
    /// The entity that it is about, last token of the subject.
    fn entity(&self) -> uuid::Uuid;
}

impl<T: CommandArgs> EventData for Command<T> {
    const TYPE: &'static str = T::TYPE;
}

macro_rules! command {
    ($args:ident, $type:literal, $action:literal, $entity:ident) => {
        impl $crate::crm::CommandArgs for $args {
            const TYPE: &'static str = $type;
            const ACTION: &'static str = $action;

            fn entity(&self) -> uuid::Uuid {
                self.$entity.0
            }
        }
    };
}
pub(crate) use command;
