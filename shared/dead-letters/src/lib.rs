//! Dead letters as the database keeps them: what identifies one, how people find it,
//! and what of it they may see.

#![warn(missing_docs)]

pub mod filter;
pub mod fingerprint;
pub mod identity;
pub mod list;
pub mod read;
pub mod replays;
pub mod retries;
pub mod terms;
