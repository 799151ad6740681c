//! The documents: what a caller goes through, one function each.

use std::io;

use bytes::Bytes;
use prosaas_domain::{
    call_config::{CallConfig, ClosedAction, Language, Menu},
    ids::UserId,
    phone::E164,
};

use super::{
    ringing::Callees,
    sentences,
    twiml::{Response, TwimlError, Verbs, Voice, document, verbs},
};

/// A business's settings as the documents use them. Settings that never passed
/// validation (an older writer's) must not cost a caller the answer: numbers are
/// brought into range, and what cannot be used falls back to the default.
pub(super) struct Script<'a> {
    config: &'a CallConfig,
    voice: Voice<'a>,
}

impl<'a> Script<'a> {
    pub(super) fn new(config: &'a CallConfig) -> Self {
        let settings = &config.settings;
        Self { config, voice: Voice::choose(settings.voice.as_deref(), settings.language) }
    }

    pub(super) const fn config(&self) -> &'a CallConfig {
        self.config
    }

    /// Whom open calls are forwarded to; nobody means that messages are taken.
    pub(super) fn callees(&self) -> Callees {
        let settings = &self.config.settings;
        if settings.forwards() { Callees::new(self.config, &settings.targets()) } else { Callees::default() }
    }

    /// During the hours, where messages are taken: greet and record.
    pub(super) fn open_to_messages(&self) -> Result<Bytes, TwimlError> {
        let own = own_words(self.config.settings.greeting.as_ref());
        let default = || sentences::greeting(self.language(), self.name());
        document(|response| self.take_message(response, own, default))
    }

    /// What every caller hears first.
    pub(super) fn greeting(&self) -> Result<Verbs, TwimlError> {
        let own = own_words(self.config.settings.greeting.as_ref()).map(str::to_owned);
        let greeting = own.unwrap_or_else(|| sentences::greeting(self.language(), self.name()));
        verbs(|response| response.say(self.voice, &greeting))
    }

    /// Before somebody is rung. The caller hears that they are put through, for what follows may be silence until
    /// somebody takes the call, and that they are recorded.
    pub(super) fn connecting(&self) -> Result<Verbs, TwimlError> {
        let recorded = self.config.settings.record_forwarded;
        verbs(|response| response.say(self.voice, &sentences::connecting(self.language(), recorded)))
    }

    /// Before the next is rung.
    pub(super) fn still_connecting(&self) -> Result<Verbs, TwimlError> {
        verbs(|response| response.say(self.voice, sentences::still_connecting(self.language())))
    }

    /// What a menu says: the business's own words, or its options.
    pub(super) fn prompt(&self, menu: &Menu) -> Result<Verbs, TwimlError> {
        let language = self.language();
        let own = own_words(menu.prompt.as_ref()).map(str::to_owned);
        let prompt = own.unwrap_or_else(|| {
            let options =
                menu.options.iter().map(|(key, option)| sentences::option(language, *key, &option.label));
            options.collect::<Vec<_>>().join(" ")
        });
        verbs(|response| response.say(self.voice, &prompt))
    }

    /// To a caller who pressed what is not there.
    pub(super) fn not_there(&self) -> Result<Verbs, TwimlError> {
        verbs(|response| response.say(self.voice, sentences::not_there(self.language())))
    }

    /// Says something and ends the call.
    pub(super) fn say_and_end(&self, text: &str) -> Result<Bytes, TwimlError> {
        document(|response| {
            response.say(self.voice, text)?;
            response.hang_up()
        })
    }

    /// Takes a message of a caller who has been greeted.
    pub(super) fn message(&self) -> Result<Bytes, TwimlError> {
        document(|response| self.take_message(response, None, String::new))
    }

    /// Asks whoever has answered whether they take the call from that number, twice; none where it cannot be told.
    /// Without a digit the leg ends: a voicemail presses none.
    pub(super) fn screening(&self, caller: Option<&E164>, user: Option<UserId>) -> Result<Bytes, TwimlError> {
        let question = self.question(caller);
        document(|response| {
            for _ in 0..2 {
                response.ask(self.config.business_id, user, self.voice, &question)?;
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

    /// The question of [`Self::screening`].
    pub(super) fn question(&self, caller: Option<&E164>) -> String {
        sentences::take_this_call(self.language(), self.name(), caller)
    }

    /// Forwarding reached nobody, or nobody takes calls now: say so, then record.
    pub(super) fn nobody_answered(&self) -> Result<Verbs, TwimlError> {
        let default = || sentences::nobody_available(self.language()).to_owned();
        verbs(|response| self.take_message(response, None, default))
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

/// What was written, or nothing and an error in the log. Every document was rendered once when its business's settings
/// came, so this does not happen.
pub(super) fn or_log<T>(written: Result<T, TwimlError>) -> Option<T> {
    written
        .inspect_err(|error| tracing::error!(event = "call.unwritten", %error, "the caller leaves a message"))
        .ok()
}
