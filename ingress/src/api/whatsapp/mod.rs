//! Linking a business's WhatsApp account: `/api/whatsapp/baileys/…`.
//!
//! A change is a command; the worker carries it out at the WhatsApp service and keeps the
//! session's row. What must not be in an event or a row is read at the service.

mod answer;
mod delete;
mod init;
mod link;
mod logout;
mod pairing_code;
mod qr;
mod status;
mod stored;
mod watch;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(init::whatsapp_init))
        .routes(routes!(qr::whatsapp_qr))
        .routes(routes!(status::whatsapp_status))
        .routes(routes!(logout::whatsapp_logout))
        .routes(routes!(pairing_code::whatsapp_pairing_code))
        .routes(routes!(delete::whatsapp_delete))
}
