//! A call of the service that is due, and what it brought.

use std::time::Duration;

use prosaas_domain::{
    ids::{BusinessId, WhatsappSessionId},
    phone::E164,
};
use prosaas_whatsapp_service::{PairingCode, ServiceStatus};

use super::session::Effect;

/// A call that is due.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub session: WhatsappSessionId,
    pub business: BusinessId,
    pub effect: Effect,
    pub number: i64,
    pub attempt: u32,
    /// How long ago somebody asked for it.
    pub age: Duration,
    pub phone: Option<E164>,
    /// Whether a phone has confirmed the device.
    pub linked: bool,
}

/// What a call brought.
pub(super) enum Brought {
    /// How the service sees the session now.
    Status(ServiceStatus),
    /// A code to type.
    Code(PairingCode),
    /// The service knows the session no more.
    Gone,
}
