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

use crate::request::routes::{Description, Routes, routes};

/// The routes.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        init::whatsapp_init,
        qr::whatsapp_qr,
        status::whatsapp_status,
        logout::whatsapp_logout,
        pairing_code::whatsapp_pairing_code,
        delete::whatsapp_delete,
    ]
}
