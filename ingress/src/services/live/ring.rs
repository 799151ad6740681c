//! The latest updates, in memory.

use std::{collections::VecDeque, fmt, sync::Arc};

use prosaas_domain::ids::BusinessId;
use prosaas_events::live::LiveUpdate;

/// Most updates that are kept: with some 300 bytes each, a few megabytes.
pub const CAPACITY: usize = 20_000;

/// A place in the stream: which stream, and which of its messages. It is an event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the stream was made, microseconds since 1970: a stream in memory is another
    /// one after a restart, and counts anew.
    pub epoch: i64,
    /// The message's number; 0 before the first.
    pub sequence: u64,
}

impl Position {
    /// Reads `epoch-sequence`.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, sequence) = text.split_once('-')?;
        Some(Self { epoch: epoch.parse().ok()?, sequence: sequence.parse().ok()? })
    }
}

/// Where a listener stood before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Nowhere: it is new.
    New,
    /// Behind this one.
    At(Position),
    /// Somewhere, but nobody can tell where.
    Unknown,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.sequence)
    }
}

/// An update.
#[derive(Debug)]
pub struct Entry {
    /// Where it stands in the stream.
    pub position: Position,
    /// Whose; none for the system's own.
    pub business: Option<BusinessId>,
    /// What changed.
    pub update: LiveUpdate,
    /// The same as JSON, as clients get it.
    pub json: String,
}

/// The latest updates of one stream.
#[derive(Debug)]
pub struct Ring {
    /// Everything behind this one is here.
    floor: Position,
    /// The last one that is here.
    head: u64,
    entries: VecDeque<Arc<Entry>>,
}

impl Ring {
    /// Nothing, behind `floor`.
    pub fn behind(floor: Position) -> Self {
        Self { floor, head: floor.sequence, entries: VecDeque::new() }
    }

    /// The last update that is known.
    pub fn head(&self) -> Position {
        Position { epoch: self.floor.epoch, sequence: self.head }
    }

    /// Takes an update, unless it is known.
    pub fn push(&mut self, entry: Arc<Entry>) -> bool {
        if entry.position.epoch != self.floor.epoch || entry.position.sequence <= self.head {
            return false;
        }
        self.head = entry.position.sequence;
        self.entries.push_back(entry);
        if self.entries.len() > CAPACITY
            && let Some(oldest) = self.entries.pop_front()
        {
            self.floor = oldest.position;
        }
        true
    }

    /// Everything behind a place; none when that cannot be told any more.
    pub fn since(&self, place: Position) -> Option<Vec<Arc<Entry>>> {
        let known =
            place.epoch == self.floor.epoch && (self.floor.sequence..=self.head).contains(&place.sequence);
        let from = self.entries.partition_point(|entry| entry.position.sequence <= place.sequence);
        known.then(|| self.entries.iter().skip(from).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use prosaas_events::subjects::LiveKind;

    use super::*;

    fn entry(epoch: i64, sequence: u64) -> Arc<Entry> {
        let update = LiveUpdate {
            kind: LiveKind::Lead,
            id: String::new(),
            action: String::new(),
            operation_id: None,
            actor_id: None,
            at: DateTime::UNIX_EPOCH,
        };
        let position = Position { epoch, sequence };
        Arc::new(Entry { position, business: None, update, json: String::new() })
    }

    fn since(ring: &Ring, epoch: i64, sequence: u64) -> Option<Vec<u64>> {
        let found = ring.since(Position { epoch, sequence })?;
        Some(found.iter().map(|entry| entry.position.sequence).collect())
    }

    #[test]
    fn what_was_missed_comes_again_and_what_is_too_old_cannot() {
        let mut ring = Ring::behind(Position { epoch: 7, sequence: 4 });
        // Numbers may be left out: some messages have expired.
        for sequence in [5, 6, 9, 10] {
            assert!(ring.push(entry(7, sequence)));
        }
        assert!(!ring.push(entry(7, 9)), "known");
        assert!(!ring.push(entry(8, 11)), "another stream's");
        assert_eq!(since(&ring, 7, 4), Some(vec![5, 6, 9, 10]));
        assert_eq!(since(&ring, 7, 7), Some(vec![9, 10]));
        assert_eq!(since(&ring, 7, 10), Some(vec![]));
        assert_eq!(since(&ring, 7, 3), None, "too old");
        assert_eq!(since(&ring, 7, 11), None, "never seen");
        assert_eq!(since(&ring, 6, 9), None, "another stream's");
        assert_eq!(ring.head().to_string(), "7-10");
        assert_eq!(Position::parse("7-10"), Some(ring.head()));
        assert_eq!(Position::parse("x-1").or(Position::parse("")), None);
    }

    #[test]
    fn a_full_ring_forgets_the_oldest() {
        let mut ring = Ring::behind(Position { epoch: 1, sequence: 0 });
        for sequence in 1..=CAPACITY as u64 + 2 {
            ring.push(entry(1, sequence));
        }
        assert_eq!(since(&ring, 1, 1), None);
        assert_eq!(since(&ring, 1, 2).map(|all| all.len()), Some(CAPACITY));
    }
}
