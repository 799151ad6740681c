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
pub mod passwords;
mod request_reset;
mod throttle;

use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::begin_session::end_all_sessions;
use crate::app::App;

/// The routes under `/api/auth`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(list_sessions::list_sessions))
        .routes(routes!(end_session::end_session))
        .routes(routes!(change_password::change_password))
        .routes(routes!(request_reset::request_reset))
        .routes(routes!(confirm_reset::confirm_reset))
        .routes(routes!(inspect_invitation::inspect_invitation))
        .routes(routes!(accept_invitation::accept_invitation))
}
