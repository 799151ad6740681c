//! What was answered a moment ago, so that a retry gets the same bytes.

use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use prosaas_shared::{events::call::Answer, ids::CallSid};

/// How long an answer is remembered. Twilio gives up on a call's webhook after
/// 15 seconds; ten minutes also cover a call that comes round by the fallback URL.
const TIME_TO_LIVE: Duration = Duration::from_mins(10);

/// Answers kept at most, some 200 bytes each (the documents themselves are shared).
const CAPACITY: u64 = 20_000;

/// The answers given, by call and called number.
#[derive(Debug, Clone)]
pub struct AnsweredCalls {
    answers: Cache<(CallSid, Box<str>), (Answer, Bytes)>,
}

impl Default for AnsweredCalls {
    fn default() -> Self {
        Self { answers: Cache::builder().max_capacity(CAPACITY).time_to_live(TIME_TO_LIVE).build() }
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
        self.answers.get_with((call.clone(), called.into()), decide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_stays() -> anyhow::Result<()> {
        let answered = AnsweredCalls::default();
        let call: CallSid = "CA1".parse()?;
        let open = (Answer::Record, Bytes::from_static(b"open"));
        let closed = (Answer::Closed, Bytes::from_static(b"closed"));
        assert_eq!(answered.remember(&call, "+97233724000", || open.clone()), open);
        assert_eq!(answered.remember(&call, "+97233724000", || closed.clone()), open);
        assert_eq!(answered.remember(&call, "+97233724001", || closed.clone()), closed);
        Ok(())
    }
}
