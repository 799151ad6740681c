//! Reads again the numbers that an older reader has read, and lists what is no number.
//!
//! `prosaas-ops setup` runs it after the migrations: SQL cannot run the reader. It works
//! in bounded transactions beside running workers, takes up where it was stopped, and
//! finds nothing to do where everything is read already.

mod businesses;
mod leads;
mod list;
mod system;

use sqlx::PgPool;

pub use self::list::{Kind, Unread, unread};
use self::system::BATCH;
use crate::calls;

/// How much was read otherwise than before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reread {
    /// Businesses whose own numbers or forwarding targets changed.
    pub businesses: u64,
    /// Numbers of leads that were read.
    pub lead_phones: u64,
    /// Calls whose caller is known now.
    pub calls: u64,
}

/// Reads everything again that an older reader has read.
pub async fn run(pool: &PgPool) -> Result<Reread, sqlx::Error> {
    let mut done = Reread { businesses: businesses::reread(pool).await?, ..Reread::default() };
    loop {
        let read = leads::reread_batch(pool).await?;
        done.lead_phones += read;
        if read == 0 {
            break;
        }
    }
    // Callers come last: they find their leads by the numbers above.
    let mut after = String::new();
    while let Some(last) = calls::reread::page(pool, &after, BATCH, &mut done.calls).await? {
        after = last;
    }
    Ok(done)
}
