//! How the pump's lanes are, for `/ready` and for people.

use std::sync::{Arc, Mutex, PoisonError};

use prosaas_events::subjects::Stream;

/// What a lane does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LaneState {
    /// It publishes, or has nothing to publish.
    #[default]
    Flowing,
    /// The last try failed and the next will come: the log holds the rows.
    Retrying(&'static str),
    /// Nothing passes until somebody puts the cause right.
    Blocked(String),
}

/// The lanes' states; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PumpStatus {
    lanes: Arc<Mutex<[LaneState; Stream::PUMPED.len()]>>,
}

impl PumpStatus {
    /// The lanes that do not flow.
    pub fn problems(&self) -> Vec<(Stream, LaneState)> {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let all = Stream::PUMPED.into_iter().zip(lanes.iter());
        all.filter(|(_, state)| **state != LaneState::Flowing).map(|(s, state)| (s, state.clone())).collect()
    }

    /// Whether no lane waits for somebody to put a stream right.
    pub fn is_ready(&self) -> bool {
        !self.problems().iter().any(|(_, state)| matches!(state, LaneState::Blocked(_)))
    }

    /// Notes a lane's state; says whether it is another one than before.
    pub(super) fn set(&self, lane: Stream, state: LaneState) -> bool {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = lanes.get_mut(usize::from(lane.lane())) else { return false };
        let is_new = *slot != state;
        *slot = state;
        is_new
    }
}
