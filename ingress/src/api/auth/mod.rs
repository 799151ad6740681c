//! Logging in and out, passwords, invitations. Credentials, sessions and single-use
//! tokens are the ingress's own: it changes them itself, each change with its audit
//! record in one transaction, and none of it ever enters an event.

mod accept_invitation;
mod begin_session;
mod change_password;
mod confirm_reset;
mod end_session;
mod inspect_invitation;
mod list_sessions;
mod login;
mod logout;
mod me;
mod request_reset;

pub use self::begin_session::end_all_sessions;
use crate::request::routes::{Description, Routes, routes};
pub use crate::services::throttle::KNOWN_PLACE_DAYS;

/// The routes under `/api/auth`.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        login::login,
        logout::logout,
        me::me,
        list_sessions::list_sessions,
        end_session::end_session,
        change_password::change_password,
        request_reset::request_reset,
        confirm_reset::confirm_reset,
        inspect_invitation::inspect_invitation,
        accept_invitation::accept_invitation,
    ]
}
