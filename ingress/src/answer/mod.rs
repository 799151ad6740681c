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
use prosaas_domain::{
    call_config::{CallConfig, Language},
    phone::{self, E164},
};
use prosaas_events::call::Answer;

pub use self::twiml::{MAX_DOCUMENT, TwimlError};
use self::{documents::Script, hours::Schedule, twiml::Voice};

/// Everything that one business answers, rendered.
#[derive(Debug, Clone)]
pub struct CompiledAnswers {
    schedule: Schedule,
    open_answer: Answer,
    open: Bytes,
    open_to_unknown: Option<Bytes>,
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
            open_to_unknown: script.open_to_unknown()?,
            closed: script.closed()?,
            nobody_answered: script.nobody_answered()?,
            after_recording: script.thanks()?,
        })
    }

    /// What to tell Twilio of a call that comes in from there at that moment.
    pub fn incoming(&self, now: DateTime<Utc>, from: &str) -> (Answer, Bytes) {
        let answer = self.answer(now);
        let document = match answer {
            Answer::Closed => &self.closed,
            _ => self.open_to_unknown.as_ref().filter(|_| shown(from).is_none()).unwrap_or(&self.open),
        };
        (answer, document.clone())
    }

    /// How a call is answered that comes in at that moment.
    pub fn answer(&self, now: DateTime<Utc>) -> Answer {
        if self.schedule.is_open(now) { self.open_answer } else { Answer::Closed }
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

    /// What comes after forwarding: the end where the caller was put through, else a message.
    pub fn after_dial(&self, put_through: bool) -> Bytes {
        if put_through { hang_up() } else { self.nobody_answered.clone() }
    }

    /// What comes after a message, in this business's voice.
    pub fn after_recording(&self) -> Bytes {
        self.after_recording.clone()
    }
}

/// The caller's number, where it can be shown to somebody else: a caller id of `<Dial>` must be in E.164 form.
fn shown(from: &str) -> Option<E164> {
    phone::caller(from).filter(|number| number.as_str() == from)
}

/// What whoever has answered for a business is asked before the caller is put through. `from` is the caller id that
/// they see: the business's own where the caller's could not be shown.
pub fn screening(config: &CallConfig, from: &str) -> Bytes {
    let caller = shown(from).filter(|number| !config.numbers.contains(number));
    Script::new(config).screening(caller.as_ref()).unwrap_or_else(|error| {
        tracing::error!(event = "call.unasked", business_id = %config.business_id, %error, "the leg is hung up");
        hang_up()
    })
}

/// What whoever is asked hears, where anybody is.
pub fn question(config: &CallConfig, from: &str) -> Option<String> {
    let script = Script::new(config);
    script.asks().then(|| script.question(shown(from).as_ref()))
}

/// Ends the screening: the caller is put through.
pub fn put_through() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| or_bare(twiml::document(|_| Ok(()))));
    DOCUMENT.clone()
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
