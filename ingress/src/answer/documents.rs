//! The documents: what a caller goes through, one function each.

use std::io;

use bytes::Bytes;
use prosaas_domain::{
    call_config::{CallConfig, CallMode, ClosedAction, Language, MAX_FORWARD_TO},
    phone::E164,
};

use super::{
    sentences,
    twiml::{Dial, Response, Target, TwimlError, Voice, document},
};

/// A business's settings as the documents use them. Settings that never passed
/// validation (an older writer's) must not cost a caller the answer: numbers are
/// brought into range, and what cannot be used falls back to the default.
pub(super) struct Script<'a> {
    config: &'a CallConfig,
    voice: Voice<'a>,
    targets: Vec<Target>,
}

impl<'a> Script<'a> {
    pub(super) fn new(config: &'a CallConfig) -> Self {
        let settings = &config.settings;
        let mut targets: Vec<Target> = Vec::new();
        if settings.mode == CallMode::Forward {
            for number in &settings.forward_to {
                // A call forwarded to the number that it came in on would never end.
                let listed = targets.iter().any(|target| target.number == *number);
                let usable = !config.numbers.contains(number) && !listed;
                if usable && targets.len() < MAX_FORWARD_TO {
                    targets.push(Target { number: number.clone(), ask: number.may_be_mobile() });
                }
            }
        }
        Self { config, voice: Voice::choose(settings.voice.as_deref(), settings.language), targets }
    }

    /// Whether open calls are forwarded: to nobody means that messages are taken.
    pub(super) fn forwards(&self) -> bool {
        !self.targets.is_empty()
    }

    /// During the hours: greet, then forward or record.
    pub(super) fn open(&self) -> Result<Bytes, TwimlError> {
        if self.forwards() {
            return self.forward(None);
        }
        let own = own_words(self.config.settings.greeting.as_ref());
        let default = || sentences::greeting(self.language(), self.name());
        document(|response| self.take_message(response, own, default))
    }

    /// The same for a caller whose number cannot be shown to whoever is rung: Twilio would refuse to dial (error
    /// 13214). The business's own number stands in its place. None where nothing is forwarded.
    pub(super) fn open_to_unknown(&self) -> Result<Option<Bytes>, TwimlError> {
        let own = self.config.numbers.first().filter(|_| self.forwards());
        own.map(|number| self.forward(Some(number))).transpose()
    }

    /// Greets and rings. Whatever the greeting is, the caller hears that they are put through, for what follows may
    /// be silence until somebody takes the call, and that they are recorded.
    fn forward(&self, caller_id: Option<&E164>) -> Result<Bytes, TwimlError> {
        let settings = &self.config.settings;
        let own = own_words(settings.greeting.as_ref()).map(str::to_owned);
        document(|response| {
            response
                .say(self.voice, &own.unwrap_or_else(|| sentences::greeting(self.language(), self.name())))?;
            response.say(self.voice, &sentences::connecting(self.language(), settings.record_forwarded))?;
            response.dial(&Dial {
                business: self.config.business_id,
                targets: &self.targets,
                timeout_s: settings.forward_timeout_s.clamp(5, 60),
                record: settings.record_forwarded,
                caller_id,
            })
        })
    }

    /// Asks whoever has answered whether they take the call from that number, twice; none where it cannot be told.
    /// Without a digit the leg ends: a voicemail presses none.
    pub(super) fn screening(&self, caller: Option<&E164>) -> Result<Bytes, TwimlError> {
        let question = self.question(caller);
        document(|response| {
            for _ in 0..2 {
                response.ask(self.config.business_id, self.voice, &question)?;
            }
            response.hang_up()
        })
    }

    /// Outside the hours: say so, then record or hang up.
    pub(super) fn closed(&self) -> Result<Bytes, TwimlError> {
        let own = own_words(self.config.settings.closed_message.as_ref());
        let default = || sentences::closed(self.language(), self.name());
        document(|response| match self.config.settings.closed_action {
            ClosedAction::Record => self.take_message(response, own, default),
            ClosedAction::HangUp => {
                response.say(self.voice, &own.map_or_else(default, str::to_owned))?;
                if own.is_none() {
                    response.say(self.voice, sentences::call_in_opening_hours(self.language()))?;
                }
                response.hang_up()
            }
        })
    }

    /// Whether anybody who is rung is asked first.
    pub(super) fn asks(&self) -> bool {
        self.targets.iter().any(|target| target.ask)
    }

    /// The question of [`Self::screening`].
    pub(super) fn question(&self, caller: Option<&E164>) -> String {
        sentences::take_this_call(self.language(), self.name(), caller)
    }

    /// Forwarding reached nobody: say so, then record.
    pub(super) fn nobody_answered(&self) -> Result<Bytes, TwimlError> {
        let default = || sentences::nobody_available(self.language()).to_owned();
        document(|response| self.take_message(response, None, default))
    }

    /// After a message, in the business's voice.
    pub(super) fn thanks(&self) -> Result<Bytes, TwimlError> {
        thanks(self.voice, self.language())
    }

    /// Says the business's own words or the default ones, asks for a message
    /// unless its own words do, and records. A caller who says nothing hears so
    /// and the call ends: the document never comes round again.
    fn take_message(
        &self,
        response: &mut Response,
        own: Option<&str>,
        default: impl Fn() -> String,
    ) -> io::Result<()> {
        response.say(self.voice, &own.map_or_else(default, str::to_owned))?;
        if !own.is_some_and(sentences::mentions_the_beep) {
            response.say(self.voice, sentences::leave_a_message(self.language()))?;
        }
        response.record(self.config.settings.max_message_s.clamp(5, 3600))?;
        response.say(self.voice, sentences::no_message(self.language()))?;
        response.hang_up()
    }

    fn language(&self) -> Language {
        self.config.settings.language
    }

    fn name(&self) -> &str {
        &self.config.business_name
    }
}

/// The business's own text, unless there is nothing in it to say.
fn own_words(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !super::speech::clean(text).is_empty())
}

/// Thanks and ends the call.
pub(super) fn thanks(voice: Voice<'_>, language: Language) -> Result<Bytes, TwimlError> {
    document(|response| {
        response.say(voice, sentences::thanks(language))?;
        response.hang_up()
    })
}

/// The same in both languages, for callers of whom we know no language, then the end.
pub(super) fn bilingual(sentence: fn(Language) -> &'static str) -> Result<Bytes, TwimlError> {
    document(|response| {
        for language in [Language::He, Language::En] {
            response.say(Voice::choose(None, language), sentence(language))?;
        }
        response.hang_up()
    })
}

/// Ends the call without a word.
pub(super) fn hang_up() -> Result<Bytes, TwimlError> {
    document(Response::hang_up)
}
