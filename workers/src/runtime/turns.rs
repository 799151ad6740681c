//! Whose turn it is, where one's work must not hold up another's.

use std::collections::{HashSet, VecDeque};

use prosaas_domain::ids::BusinessId;

/// How work may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// By itself.
    Alone,
    /// By itself, and one of an owner at a time in this process.
    Bulk,
    /// With all others of this kind that wait.
    Together,
}

/// What waits in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Lane {
    /// Whose it is; none for the system's own, and for what is done together.
    pub owner: Option<BusinessId>,
    /// How it may be done.
    pub work: Work,
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

    /// How many of them are bulk work.
    pub fn bulk(&self) -> usize {
        let bulk = self.lanes.iter().filter(|(lane, _)| lane.work == Work::Bulk);
        bulk.map(|(_, waiting)| waiting.len()).sum()
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

    /// The next whose turn it is, if any may begin now: one, or at most so many that are done together. Bulk work is
    /// being done until [`Self::ended`].
    pub fn next(&mut self, most_together: usize) -> Option<(Lane, Vec<T>)> {
        let place = self.lanes.iter().position(|(lane, _)| !self.busy.contains(lane))?;
        let (lane, mut waiting) = self.lanes.remove(place)?;
        let most = if lane.work == Work::Together { most_together } else { 1 };
        let left = waiting.split_off(most.min(waiting.len()));
        if !left.is_empty() {
            self.lanes.push_back((lane, left));
        }
        if lane.work == Work::Bulk {
            self.busy.insert(lane);
        }
        Some((lane, waiting.into()))
    }

    /// Work of that lane has been done.
    pub fn ended(&mut self, lane: Lane) {
        self.busy.remove(&lane);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn lane(owner: u128, work: Work) -> Lane {
        Lane { owner: Some(BusinessId(Uuid::from_u128(owner))), work }
    }

    const TOGETHER: Lane = Lane { owner: None, work: Work::Together };

    #[test]
    fn each_has_its_turn_however_much_another_wants() {
        let mut turns = Turns::default();
        for item in ["a1", "a2", "a3"] {
            turns.push(lane(1, Work::Alone), item);
        }
        turns.push(lane(2, Work::Alone), "b1");
        turns.push(lane(3, Work::Alone), "c1");
        assert_eq!(turns.len(), 5);
        let order: Vec<_> = std::iter::from_fn(|| turns.next(9)).flat_map(|(_, items)| items).collect();
        assert_eq!(order, ["a1", "b1", "c1", "a2", "a3"]);
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn an_owner_has_one_bulk_job_at_a_time_and_goes_on_with_the_rest() {
        let mut turns = Turns::default();
        for item in ["bulk 1", "bulk 2"] {
            turns.push(lane(1, Work::Bulk), item);
        }
        turns.push(lane(2, Work::Bulk), "another's bulk");
        assert_eq!(turns.next(9), Some((lane(1, Work::Bulk), vec!["bulk 1"])));
        assert_eq!(turns.next(9), Some((lane(2, Work::Bulk), vec!["another's bulk"])));
        assert_eq!(turns.next(9), None, "the second waits for the first");
        turns.push(lane(1, Work::Alone), "one lead");
        assert_eq!(turns.next(9), Some((lane(1, Work::Alone), vec!["one lead"])));
        turns.ended(lane(2, Work::Bulk));
        assert_eq!(turns.next(9), None);
        turns.ended(lane(1, Work::Bulk));
        assert_eq!(turns.next(9), Some((lane(1, Work::Bulk), vec!["bulk 2"])));
    }

    #[test]
    fn what_is_done_together_goes_together_up_to_the_most() {
        let mut turns = Turns::default();
        for item in 1..=5 {
            turns.push(TOGETHER, item);
        }
        turns.push(lane(1, Work::Alone), 6);
        assert_eq!(turns.next(3), Some((TOGETHER, vec![1, 2, 3])));
        assert_eq!(turns.next(3), Some((lane(1, Work::Alone), vec![6])), "the rest waits for its turn");
        assert_eq!(turns.next(3), Some((TOGETHER, vec![4, 5])));
        assert_eq!(turns.next(3), None);
    }

    #[test]
    fn what_waits_is_given_up_whole() {
        let mut turns = Turns::default();
        turns.push(lane(1, Work::Bulk), 1);
        turns.push(lane(2, Work::Alone), 2);
        turns.push(lane(1, Work::Bulk), 3);
        assert_eq!(turns.waiting().copied().collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!((turns.len(), turns.bulk()), (3, 2));
        assert_eq!(turns.give_up().collect::<Vec<_>>(), [1, 3, 2]);
        assert_eq!((turns.len(), turns.bulk()), (0, 0));
    }
}
