//! How many streams may be open at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::http::problem::Problem;

/// Streams of one session: some windows of one browser.
pub const MAX_PER_SESSION: u32 = 8;

/// Streams of one ingress; each costs a connection and some kilobytes.
const MAX_TOTAL: u32 = 10_000;

#[derive(Debug, Default)]
struct Taken {
    total: u32,
    sessions: HashMap<Uuid, u32>,
}

/// The open streams.
#[derive(Debug, Clone, Default)]
pub struct Slots(Arc<Mutex<Taken>>);

/// One open stream; it is given back when this is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    session: Uuid,
}

impl Slots {
    /// Takes a slot for a session.
    ///
    /// # Errors
    /// 429 when the session has enough, 503 when the ingress has.
    pub fn take(&self, session: Uuid) -> Result<Slot, Problem> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= MAX_TOTAL {
            return Err(Problem::unavailable());
        }
        let own = taken.sessions.entry(session).or_default();
        if *own >= MAX_PER_SESSION {
            return Err(Problem::too_many(Duration::from_secs(30)));
        }
        *own += 1;
        taken.total += 1;
        metrics::gauge!("prosaas_live_streams").set(taken.total);
        Ok(Slot { slots: self.clone(), session })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total = taken.total.saturating_sub(1);
        metrics::gauge!("prosaas_live_streams").set(taken.total);
        if let Some(own) = taken.sessions.get_mut(&self.session) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.sessions.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_so_many_streams_and_gets_them_back() {
        let (slots, one, two) = (Slots::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        let mut held: Vec<_> = (0..MAX_PER_SESSION).map(|_| slots.take(one).unwrap()).collect();
        assert_eq!(slots.take(one).map_err(|problem| problem.status).err(), Some(429));
        assert!(slots.take(two).is_ok(), "another session's are its own");
        held.pop();
        assert!(slots.take(one).is_ok());
        held.clear();
        assert!(slots.0.lock().unwrap().sessions.is_empty());
    }
}
