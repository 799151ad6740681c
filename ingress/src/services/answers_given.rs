//! What was answered a moment ago, so that a retry gets the same bytes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use prosaas_domain::ids::CallSid;
use prosaas_events::call::Answer;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

/// How long an answer is remembered at least. Twilio gives up on a call's webhook after
/// 15 seconds; ten minutes also cover a call that comes round by the fallback URL.
const REMEMBERED: Duration = Duration::from_mins(10);

/// Answers of one generation at most, some 65 bytes each: the documents themselves are
/// shared, and calls are told apart by a digest. Seven eighths of a power of two fill a
/// hash map's table; one more would double it.
const CAPACITY: usize = 7 * 1024;

/// Half a SHA-256 of call and called number.
type Key = [u8; 16];

/// The answers given, by call and called number.
#[derive(Debug, Clone)]
pub struct AnsweredCalls(Arc<Mutex<Generations>>);

/// Answers are forgotten together: the older generation goes when the younger is full
/// or has had its time.
#[derive(Debug)]
struct Generations {
    younger: HashMap<Key, (Answer, Bytes)>,
    older: HashMap<Key, (Answer, Bytes)>,
    since: Instant,
}

impl Default for AnsweredCalls {
    fn default() -> Self {
        let (younger, older) = (HashMap::new(), HashMap::new());
        Self(Arc::new(Mutex::new(Generations { younger, older, since: Instant::now() })))
    }
}

impl AnsweredCalls {
    /// The answer given before, or the one decided now. Two requests at once agree.
    pub fn remember(
        &self,
        call: &CallSid,
        called: &str,
        decide: impl FnOnce() -> (Answer, Bytes),
    ) -> (Answer, Bytes) {
        let key = key(call, called);
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = generations.get(&key) {
            return answer;
        }
        let answer = decide();
        generations.insert(key, answer.clone());
        answer
    }
}

impl Generations {
    fn get(&mut self, key: &Key) -> Option<(Answer, Bytes)> {
        if self.since.elapsed() >= REMEMBERED {
            // After a long silence both have had their time.
            if self.since.elapsed() >= REMEMBERED * 2 {
                self.younger = HashMap::new();
            }
            self.turn();
        }
        self.younger.get(key).or_else(|| self.older.get(key)).cloned()
    }

    fn insert(&mut self, key: Key, answer: (Answer, Bytes)) {
        if self.younger.len() >= CAPACITY {
            self.turn();
        }
        self.younger.insert(key, answer);
    }

    fn turn(&mut self) {
        self.older = std::mem::take(&mut self.younger);
        self.since = Instant::now();
    }
}

fn key(call: &CallSid, called: &str) -> Key {
    let digest = Sha256::new().chain_update(call.as_str()).chain_update([0]).chain_update(called).finalize();
    let mut key = Key::default();
    key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (Answer, Bytes) {
        (Answer::Record, Bytes::from_static(b"open"))
    }

    fn closed() -> (Answer, Bytes) {
        (Answer::Closed, Bytes::from_static(b"closed"))
    }

    #[test]
    fn the_first_answer_stays() -> anyhow::Result<()> {
        let answered = AnsweredCalls::default();
        let call: CallSid = "CA1".parse()?;
        assert_eq!(answered.remember(&call, "+97233724000", open), open());
        assert_eq!(answered.remember(&call, "+97233724000", closed), open());
        assert_eq!(answered.remember(&call, "+97233724001", closed), closed());
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_forgotten_in_time_and_not_before() -> anyhow::Result<()> {
        let answered = AnsweredCalls::default();
        let (call, other): (CallSid, CallSid) = ("CA1".parse()?, "CA2".parse()?);
        answered.remember(&call, "+97233724000", open);
        tokio::time::advance(REMEMBERED).await;
        answered.remember(&other, "+97233724000", open);
        assert_eq!(answered.remember(&call, "+97233724000", closed), open(), "remembered for ten minutes");
        tokio::time::advance(REMEMBERED).await;
        assert_eq!(answered.remember(&call, "+97233724000", closed), closed(), "and not for ever");
        tokio::time::advance(REMEMBERED * 3).await;
        assert_eq!(answered.remember(&call, "+97233724000", open), open(), "nor over a silence");
        Ok(())
    }

    #[test]
    fn memory_is_bounded_and_the_youngest_are_kept() -> anyhow::Result<()> {
        let answered = AnsweredCalls::default();
        for call in 0..CAPACITY * 3 {
            answered.remember(&format!("CA{call}").parse()?, "+97233724000", open);
        }
        let last: CallSid = format!("CA{}", CAPACITY * 3 - CAPACITY).parse()?;
        assert_eq!(answered.remember(&last, "+97233724000", closed), open());
        let generations = answered.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(generations.younger.len() + generations.older.len() <= 2 * CAPACITY);
        Ok(())
    }
}
