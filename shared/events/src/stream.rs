//! The streams of JetStream that keep events.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A stream that events are published to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stream {
    /// Calls: `call.>`.
    Calls,
    /// Recordings of calls: `recording.>`.
    Recordings,
    /// WhatsApp sessions: `whatsapp.>`.
    Whatsapp,
    /// Commands and facts of the CRM: `crm.>`.
    Crm,
    /// What failed for good: `dead.>`.
    Dead,
    /// Commands of operators: `ops.>`. A stream of their own, so that they neither wait
    /// behind the CRM's commands nor stop when its worker is paused.
    Ops,
    /// Domain events: `event.>`. The workers' relay feeds it, not the pump.
    Events,
}

impl Stream {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Calls, Self::Recordings, Self::Whatsapp, Self::Crm, Self::Dead, Self::Ops, Self::Events];

    /// Those that the pump feeds, in the order of its lanes.
    pub const PUMPED: [Self; 6] =
        [Self::Calls, Self::Recordings, Self::Whatsapp, Self::Crm, Self::Dead, Self::Ops];

    /// The stream's name in JetStream.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "CALLS",
            Self::Recordings => "RECORDINGS",
            Self::Whatsapp => "WHATSAPP",
            Self::Crm => "CRM",
            Self::Dead => "DEAD",
            Self::Ops => "OPS",
            Self::Events => "EVENTS",
        }
    }

    /// A small number that never changes: the local log stores it with each row.
    pub const fn lane(self) -> u8 {
        match self {
            Self::Calls => 0,
            Self::Recordings => 1,
            Self::Whatsapp => 2,
            Self::Crm => 3,
            Self::Dead => 4,
            Self::Ops => 5,
            Self::Events => 6,
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
