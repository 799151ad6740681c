//! What a call is answered with. Every document is rendered once per
//! configuration; answering a call is a look at the clock and a clone.

mod documents;
pub mod hours;
mod sentences;
mod speech;
mod twiml;

use std::sync::LazyLock;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use prosaas_domain::call_config::{CallConfig, Language};
use prosaas_events::call::{Answer, CallStatus};

pub use self::twiml::{MAX_DOCUMENT, TwimlError};
use self::{documents::Script, hours::Schedule, twiml::Voice};

/// Everything that one business answers, rendered.
#[derive(Debug, Clone)]
pub struct CompiledAnswers {
    schedule: Schedule,
    open_answer: Answer,
    open: Bytes,
    closed: Bytes,
    nobody_answered: Bytes,
    after_recording: Bytes,
}

impl CompiledAnswers {
    /// Renders a business's documents. It repairs what validation would refuse,
    /// as far as that leaves something to say, and fails only where a document
    /// would be larger than Twilio takes.
    pub fn compile(config: &CallConfig) -> Result<Self, TwimlError> {
        let script = Script::new(config);
        Ok(Self {
            schedule: Schedule::new(config),
            open_answer: if script.forwards() { Answer::Forward } else { Answer::Record },
            open: script.open()?,
            closed: script.closed()?,
            nobody_answered: script.nobody_answered()?,
            after_recording: script.thanks()?,
        })
    }

    /// What to tell Twilio of a call that comes in at that moment.
    pub fn incoming(&self, now: DateTime<Utc>) -> (Answer, Bytes) {
        if self.schedule.is_open(now) {
            (self.open_answer, self.open.clone())
        } else {
            (Answer::Closed, self.closed.clone())
        }
    }

    /// Whether the business is open at that moment.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.schedule.is_open(now)
    }

    /// What a caller goes through during the hours.
    pub fn open(&self) -> Bytes {
        self.open.clone()
    }

    /// What a caller goes through outside the hours.
    pub fn closed(&self) -> Bytes {
        self.closed.clone()
    }

    /// What comes after forwarding: the end where the two spoke, else a message.
    pub fn after_dial(&self, outcome: CallStatus) -> Bytes {
        if outcome == CallStatus::Completed { hang_up() } else { self.nobody_answered.clone() }
    }

    /// What comes after a message, in this business's voice.
    pub fn after_recording(&self) -> Bytes {
        self.after_recording.clone()
    }
}

/// For a number of nobody: the polite default, Hebrew then English, and the end.
/// Nothing is recorded, for nobody would listen to it.
pub fn unknown_number() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> =
        LazyLock::new(|| or_bare(documents::bilingual(sentences::unknown_number)));
    DOCUMENT.clone()
}

/// What comes after a message where the business is not known: thanks and the end.
pub fn after_recording(language: Language) -> Bytes {
    static HEBREW: LazyLock<Bytes> = LazyLock::new(|| default_thanks(Language::He));
    static ENGLISH: LazyLock<Bytes> = LazyLock::new(|| default_thanks(Language::En));
    match language {
        Language::He => HEBREW.clone(),
        Language::En => ENGLISH.clone(),
    }
}

/// When something failed on our side: an apology in both languages and the end.
pub fn safe_fallback() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| or_bare(documents::bilingual(sentences::trouble)));
    DOCUMENT.clone()
}

/// Ends the call.
pub fn hang_up() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| or_bare(documents::hang_up()));
    DOCUMENT.clone()
}

fn default_thanks(language: Language) -> Bytes {
    or_bare(documents::thanks(Voice::choose(None, language), language))
}

/// Writing a document of ours into memory does not fail; were it to, an empty
/// response still ends the call in order.
fn or_bare(document: Result<Bytes, TwimlError>) -> Bytes {
    const BARE: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";
    document.unwrap_or_else(|error| {
        tracing::error!(%error, "a built-in TwiML document could not be written");
        Bytes::from_static(BARE)
    })
}

#[cfg(test)]
mod tests;
