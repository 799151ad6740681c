//! Twilio's webhooks. Each is answered at once; what happened travels as an event.

mod call_status;
mod dial_result;
mod handle_recording;
mod incoming_call;
mod menu;
mod refusal;
mod request;
mod screen;
mod twilio_error;
mod twiml_response;

use axum::{Router, routing::any};

pub use request::MAX_BODY_BYTES;

use crate::state::App;

/// The routes under `/webhook`, with and without a slash at the end. Every method
/// is taken: a console that is set to GET, or a check by HEAD, must not meet a 405.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/webhook/incoming_call", any(incoming_call::handle))
        .route("/webhook/incoming_call/", any(incoming_call::handle))
        .route("/webhook/call_status", any(call_status::handle))
        .route("/webhook/call_status/", any(call_status::handle))
        .route("/webhook/handle_recording", any(handle_recording::handle))
        .route("/webhook/handle_recording/", any(handle_recording::handle))
        .route("/webhook/menu", any(menu::handle))
        .route("/webhook/menu/", any(menu::handle))
        .route("/webhook/screen", any(screen::handle))
        .route("/webhook/screen/", any(screen::handle))
        .route("/webhook/dial_result", any(dial_result::handle))
        .route("/webhook/dial_result/", any(dial_result::handle))
}
