//! What keeps something of its own between requests. No service knows a route.

pub mod answers_given;
pub mod call_directory;
pub mod live;
pub mod mail;
pub mod maintenance;
pub mod passwords;
pub mod planned_reads;
pub mod rate_limit;
pub mod throttle;
pub mod turns;
