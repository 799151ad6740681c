//! For operators: what failed, running it again, and pausing workers. System admins only.

mod count;
mod discard;
mod filter;
mod groups;
mod input;
mod letter;
mod letters;
pub mod replay;
mod replays;
mod start_replay;
mod twilio_errors;
mod workers;

use crate::request::routes::{Description, Routes, routes};

/// The routes `/api/admin/dead-letters`, `/api/admin/replays`, `/api/admin/twilio-errors` and `/api/admin/workers`.
pub fn routes<D: Description>() -> Routes<D> {
    routes![
        letters::list_dead_letters,
        groups::group_dead_letters,
        count::count_dead_letters,
        discard::discard_dead_letters,
        letter::read_dead_letter,
        replays::list_replays,
        start_replay::start_replay,
        replay::read_replay,
        replay::list_replay_items,
        replay::cancel_replay,
        twilio_errors::list_twilio_errors,
        workers::list_workers,
        workers::pause_worker,
        workers::resume_worker,
    ]
}
