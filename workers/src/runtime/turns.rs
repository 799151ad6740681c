//! Whose turn it is, where one's work must not hold up another's.

use std::collections::{HashSet, VecDeque};

use prosaas_domain::ids::BusinessId;

/// What waits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Whose it is; none for the system's own.
    pub owner: Option<BusinessId>,
    /// Whether it is bulk work, of which each owner has one at a time.
    pub bulk: bool,
}

/// What waits, a lane after the other.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// The one whose turn is next in front. None is empty.
    lanes: VecDeque<(Lane, VecDeque<T>)>,
    /// Lanes of bulk work that is being done.
    busy: HashSet<Lane>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { lanes: VecDeque::new(), busy: HashSet::new() }
    }
}

impl<T> Turns<T> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.lanes.iter().map(|(_, waiting)| waiting.len()).sum()
    }

    /// Those that wait.
    pub fn waiting(&self) -> impl Iterator<Item = &T> {
        self.lanes.iter().flat_map(|(_, waiting)| waiting)
    }

    /// Takes all that wait.
    pub fn give_up(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.lanes).into_iter().flat_map(|(_, waiting)| waiting)
    }

    /// Adds one at the end of its lane.
    pub fn push(&mut self, lane: Lane, item: T) {
        match self.lanes.iter_mut().find(|(known, _)| *known == lane) {
            Some((_, waiting)) => waiting.push_back(item),
            None => self.lanes.push_back((lane, VecDeque::from([item]))),
        }
    }

    /// The next whose turn it is, if any may begin now. Bulk work is being done until [`Self::ended`].
    pub fn next(&mut self) -> Option<(Lane, T)> {
        let place = self.lanes.iter().position(|(lane, _)| !self.busy.contains(lane))?;
        let (lane, mut waiting) = self.lanes.remove(place)?;
        let item = waiting.pop_front()?;
        if !waiting.is_empty() {
            self.lanes.push_back((lane, waiting));
        }
        if lane.bulk {
            self.busy.insert(lane);
        }
        Some((lane, item))
    }

    /// One of that lane has been done.
    pub fn ended(&mut self, lane: Lane) {
        self.busy.remove(&lane);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn lane(owner: u128, bulk: bool) -> Lane {
        Lane { owner: Some(BusinessId(Uuid::from_u128(owner))), bulk }
    }

    #[test]
    fn each_has_its_turn_however_much_another_wants() {
        let mut turns = Turns::default();
        for item in ["a1", "a2", "a3"] {
            turns.push(lane(1, false), item);
        }
        turns.push(lane(2, false), "b1");
        turns.push(lane(3, false), "c1");
        assert_eq!(turns.len(), 5);
        let order: Vec<_> = std::iter::from_fn(|| turns.next()).map(|(_, item)| item).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "a3"]);
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn an_owner_has_one_bulk_job_at_a_time_and_goes_on_with_the_rest() {
        let mut turns = Turns::default();
        for item in ["bulk 1", "bulk 2"] {
            turns.push(lane(1, true), item);
        }
        turns.push(lane(2, true), "another's bulk");
        assert_eq!(turns.next(), Some((lane(1, true), "bulk 1")));
        assert_eq!(turns.next(), Some((lane(2, true), "another's bulk")));
        assert_eq!(turns.next(), None, "the second waits for the first");
        turns.push(lane(1, false), "one lead");
        assert_eq!(turns.next(), Some((lane(1, false), "one lead")));
        turns.ended(lane(2, true));
        assert_eq!(turns.next(), None);
        turns.ended(lane(1, true));
        assert_eq!(turns.next(), Some((lane(1, true), "bulk 2")));
    }

    #[test]
    fn what_waits_is_given_up_whole() {
        let mut turns = Turns::default();
        turns.push(lane(1, true), 1);
        turns.push(lane(2, false), 2);
        turns.push(lane(1, true), 3);
        assert_eq!(turns.waiting().copied().collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(turns.give_up().collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!(turns.len(), 0);
    }
}
