//! The rows that were just committed, kept for the pump: what this process wrote a
//! moment ago it need not read back from the file.
//!
//! A lane's rows are taken from here only where none can be missing before them.
//! Everything that is rare makes a lane's memory begin anew behind it, and the pump
//! reads the file up to there: the file alone decides what there is.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use prosaas_events::subjects::Stream;

use super::{
    reader::{Chunk, ReadLimit},
    row::StoredRow,
};

/// Most rows that are kept of a lane, and most bytes of their payloads: what comes in
/// some 30 ms of full load. A pump that is further behind reads the file.
const MOST: ReadLimit = ReadLimit { rows: 500, bytes: 512 * 1024 };

/// The youngest rows of every lane.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    lanes: [Mutex<Lane>; Stream::PUMPED.len()],
}

/// All of a lane's rows with numbers above `after`, as far as they were put here.
#[derive(Debug)]
struct Lane {
    after: i64,
    rows: VecDeque<StoredRow>,
    bytes: usize,
}

/// Nothing is known of what is in the file.
impl Default for Lane {
    fn default() -> Self {
        Self { after: i64::MAX, rows: VecDeque::new(), bytes: 0 }
    }
}

impl Fresh {
    /// Begins anew: rows up to `seq` are to be read from the file.
    pub(super) fn restart(&self, seq: i64) {
        for lane in &self.lanes {
            hold(lane).restart(seq);
        }
    }

    /// Keeps a committed row, whose number is above those of all before it.
    pub(super) fn put(&self, lane: u8, row: StoredRow) {
        if let Some(lane) = self.lanes.get(usize::from(lane)) {
            hold(lane).put(row);
        }
    }

    /// The next rows of a lane after a sequence number, which are given away; `None`
    /// where there are none here, or the file may have some before them.
    pub(super) fn take(&self, lane: Stream, after: i64, limit: ReadLimit) -> Option<Chunk> {
        hold(self.lanes.get(usize::from(lane.lane()))?).take(after, limit)
    }
}

impl Lane {
    fn restart(&mut self, seq: i64) {
        self.after = seq;
        self.rows.clear();
        self.bytes = 0;
    }

    fn put(&mut self, row: StoredRow) {
        self.bytes = self.bytes.saturating_add(row.payload.len());
        if self.rows.len() >= MOST.rows || self.bytes > MOST.bytes {
            self.restart(row.seq);
        } else {
            self.rows.push_back(row);
        }
    }

    fn take(&mut self, after: i64, limit: ReadLimit) -> Option<Chunk> {
        while self.rows.front().is_some_and(|row| row.seq <= after) {
            self.pop();
        }
        if self.after > after {
            return None;
        }
        let mut rows = Vec::new();
        let mut bytes = 0_usize;
        while let Some(next) = self.rows.front() {
            bytes = bytes.saturating_add(next.payload.len());
            if !limit.fits(&rows, bytes) {
                break;
            }
            rows.extend(self.pop());
        }
        let scanned_to = rows.last()?.seq;
        Some(Chunk { rows, scanned_to })
    }

    /// The oldest row. It is no longer here, so whoever has not seen it finds the file.
    fn pop(&mut self) -> Option<StoredRow> {
        let row = self.rows.pop_front()?;
        self.after = self.after.max(row.seq);
        self.bytes = self.bytes.saturating_sub(row.payload.len());
        Some(row)
    }
}

fn hold(lane: &Mutex<Lane>) -> MutexGuard<'_, Lane> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LANE: Stream = Stream::Calls;

    fn row(seq: i64) -> StoredRow {
        let (id, subject) = (format!("event-{seq}"), "call.incoming.CA1".to_owned());
        StoredRow { seq, id, subject, payload: vec![b'x'; 700].into(), traceparent: None }
    }

    fn seqs(chunk: Option<Chunk>) -> Vec<i64> {
        chunk.map(|chunk| chunk.rows.iter().map(|row| row.seq).collect()).unwrap_or_default()
    }

    #[test]
    fn nothing_is_taken_before_it_is_known_what_the_file_holds() {
        let fresh = Fresh::default();
        fresh.put(LANE.lane(), row(1));
        assert!(fresh.take(LANE, 0, MOST).is_none());
    }

    #[test]
    fn memory_is_bounded_and_who_is_behind_reads_the_file() {
        let fresh = Fresh::default();
        fresh.restart(0);
        for seq in 1..=10_000 {
            fresh.put(LANE.lane(), row(seq));
            let lane = hold(&fresh.lanes[0]);
            assert!(lane.rows.len() <= MOST.rows && lane.bytes <= MOST.bytes);
        }
        assert!(fresh.take(LANE, 0, MOST).is_none());
        assert!(!seqs(fresh.take(LANE, 9_995, MOST)).is_empty(), "but not who has caught up");
    }

    /// What happens to a log, as its pump may meet it.
    #[derive(Debug, Clone)]
    enum Step {
        /// A commit; it is in the file, and known here a little later.
        Commit { rows: u8, other_lane: bool },
        /// The last commit is known here.
        Known,
        /// A commit of which nobody knows whether it took effect, or which rows were new.
        Doubtful { rows: u8, is_in_file: bool },
        /// The pump reads.
        Read { rows: usize },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (1_u8..40, any::<bool>()).prop_map(|(rows, other_lane)| Step::Commit { rows, other_lane }),
            4 => Just(Step::Known),
            1 => (1_u8..5, any::<bool>()).prop_map(|(rows, is_in_file)| Step::Doubtful { rows, is_in_file }),
            4 => (1_usize..60).prop_map(|rows| Step::Read { rows }),
        ];
        proptest::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn the_pump_gets_every_row_of_the_file_once_and_in_order(steps in steps(), before in 0_i64..5) {
            let fresh = Fresh::default();
            let (mut file, mut unknown): (Vec<i64>, Vec<i64>) = ((1..=before).collect(), Vec::new());
            let (mut next, mut cursor, mut got) = (before + 1, 0, Vec::new());
            fresh.restart(before);
            // At the end all is known and read.
            let end = [Step::Known, Step::Read { rows: usize::MAX }, Step::Read { rows: usize::MAX }];
            for step in steps.into_iter().chain(end) {
                // The writer makes one commit known before it begins the next.
                if !matches!(step, Step::Read { .. }) {
                    unknown.drain(..).for_each(|seq| fresh.put(LANE.lane(), row(seq)));
                }
                match step {
                    Step::Known => {}
                    Step::Commit { rows, other_lane: true } => next += i64::from(rows),
                    Step::Commit { rows, .. } => {
                        unknown = (next..next + i64::from(rows)).collect();
                        file.extend(&unknown);
                        next += i64::from(rows);
                    }
                    Step::Doubtful { rows, is_in_file } => {
                        let numbers = next..next + i64::from(rows);
                        file.extend(numbers.filter(|_| is_in_file));
                        next += i64::from(rows);
                        fresh.restart(next - 1);
                    }
                    Step::Read { rows } => {
                        let taken = seqs(fresh.take(LANE, cursor, ReadLimit { rows, ..MOST }));
                        let read = if taken.is_empty() {
                            file.iter().copied().filter(|seq| *seq > cursor).take(rows).collect()
                        } else {
                            taken
                        };
                        cursor = read.last().copied().unwrap_or(cursor);
                        got.extend(read);
                    }
                }
            }
            prop_assert_eq!(got, file);
        }
    }
}
