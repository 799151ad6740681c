//! What a call is answered with. Every document is rendered once per
//! configuration; answering a call is a look at the clock and a clone.

mod documents;
pub mod hours;
mod menu;
mod place;
mod ringing;
mod sentences;
mod speech;
mod twiml;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use prosaas_domain::{
    call_config::{CallConfig, Language, MenuPath},
    ids::{BusinessId, UserId},
    phone::{self, E164},
};
use prosaas_events::call::Answer;

use self::{
    documents::{Script, or_log},
    hours::Schedule,
    menu::{Menus, Next, Way},
    ringing::{Callees, Turn},
    twiml::{Dial, Verbs, Voice, document},
};
pub use self::{
    menu::Pressed,
    place::{Asked, Round},
    twiml::{MAX_DOCUMENT, TwimlError},
};

/// Everything that one business answers, rendered as far as it is the same for every call.
#[derive(Debug, Clone)]
pub struct CompiledAnswers {
    business: BusinessId,
    record_forwarded: bool,
    schedule: Schedule,
    callees: Callees,
    menus: Option<Menus>,
    greeting: Verbs,
    connecting: Verbs,
    still_connecting: Verbs,
    nobody_answered: Verbs,
    /// What a caller goes through during the hours, where that is the same for all whose number can be shown.
    open: Option<Bytes>,
    message: Bytes,
    closed: Bytes,
    after_recording: Bytes,
    /// How many calls have begun to ring each list in turn.
    turns: Arc<Mutex<BTreeMap<MenuPath, usize>>>,
}

/// Who calls whom, as Twilio says it.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// `From`.
    pub from: &'a str,
    /// `To`: one of the business's numbers.
    pub to: &'a str,
}

impl CompiledAnswers {
    /// Renders a business's documents. It repairs what validation would refuse,
    /// as far as that leaves something to say, and fails only where a document
    /// would be larger than Twilio takes.
    pub fn compile(config: &CallConfig) -> Result<Self, TwimlError> {
        let script = Script::new(config);
        let mut compiled = Self {
            business: config.business_id,
            record_forwarded: config.settings.record_forwarded,
            schedule: Schedule::new(config),
            callees: script.callees(),
            menus: Menus::new(&script)?,
            greeting: script.greeting()?,
            connecting: script.connecting()?,
            still_connecting: script.still_connecting()?,
            nobody_answered: script.nobody_answered()?,
            open: None,
            message: script.message()?,
            closed: script.closed()?,
            after_recording: script.thanks()?,
            turns: Arc::default(),
        };
        compiled.open = match &compiled.menus {
            Some(menus) => Some(menus.open(&compiled.greeting)?),
            None if compiled.callees.is_empty() => Some(script.open_to_messages()?),
            None if compiled.callees.is_constant() => {
                let turn = compiled.callees.first(Round::default(), 0, DateTime::UNIX_EPOCH);
                turn.map(|turn| compiled.ring(&[&compiled.greeting, &compiled.connecting], &turn, None))
                    .transpose()?
            }
            None => None,
        };
        // Whatever is put together during a call fits, if this does.
        document(|response| {
            response.put_all(&[&compiled.greeting, &compiled.connecting, &compiled.nobody_answered]);
            Ok(())
        })?;
        Ok(compiled)
    }

    /// The same, going on with the turns of what was answered before.
    #[must_use]
    pub fn continuing(self, before: &Self) -> Self {
        Self { turns: Arc::clone(&before.turns), ..self }
    }

    /// What to tell Twilio of a call that comes in at that moment.
    pub fn incoming(&self, now: DateTime<Utc>, caller: Caller<'_>) -> (Answer, Bytes) {
        if self.schedule.is_open(now) {
            self.during_hours(now, caller)
        } else {
            (Answer::Closed, self.closed.clone())
        }
    }

    /// The same during the hours.
    pub fn during_hours(&self, now: DateTime<Utc>, caller: Caller<'_>) -> (Answer, Bytes) {
        let always = if self.callees.is_empty() { Answer::Record } else { Answer::Forward };
        // A menu rings nobody yet, and a message is taken of everybody.
        let same_for_all = self.menus.is_some() || always == Answer::Record || shown(caller.from).is_some();
        match self.open.as_ref().filter(|_| same_for_all) {
            Some(open) => (always, open.clone()),
            None => self.put_through(&[&self.greeting], MenuPath::default(), &self.callees, now, caller),
        }
    }

    /// What a caller goes through who pressed those keys, or none, when asked to choose.
    pub fn pressed(
        &self,
        now: DateTime<Utc>,
        caller: Caller<'_>,
        asked: &Asked,
        digits: Option<&str>,
    ) -> (Option<Pressed>, Bytes) {
        let found = self.menus.as_ref().and_then(|menus| menus.pressed(asked, digits));
        let Some((pressed, next)) = found else { return (None, self.without_menu(now, caller)) };
        let document = match next {
            Next::Ask(document) => document,
            Next::GiveUp => self.without_menu(now, caller),
            Next::Go(path, Way::Forward(callees)) => self.put_through(&[], path, callees, now, caller).1,
            Next::Go(_, Way::Say(document)) => document.clone(),
            Next::Go(_, Way::Record | Way::Menu) => self.message.clone(),
        };
        (Some(pressed), document)
    }

    /// What comes after forwarding: the end where the caller was put through, else the next who can be rung, else a
    /// message.
    pub fn after_dial(
        &self,
        now: DateTime<Utc>,
        caller: Caller<'_>,
        round: &Round,
        put_through: bool,
    ) -> Bytes {
        if put_through {
            return hang_up();
        }
        let callees = if round.menu == MenuPath::default() {
            Some(&self.callees)
        } else {
            self.menus.as_ref().and_then(|menus| menus.callees(&round.menu))
        };
        let next = callees.and_then(|callees| callees.after(round, now));
        next.and_then(|turn| or_log(self.ring(&[&self.still_connecting], &turn, Some(caller))))
            .unwrap_or_else(|| self.nobody_answers(&[]))
    }

    /// As if there were no menu, for a caller who has been greeted.
    fn without_menu(&self, now: DateTime<Utc>, caller: Caller<'_>) -> Bytes {
        if self.callees.is_empty() {
            return self.message.clone();
        }
        self.put_through(&[], MenuPath::default(), &self.callees, now, caller).1
    }

    /// Rings the first of a list, behind what is said before; takes a message where nobody of them takes calls now.
    fn put_through(
        &self,
        before: &[&Verbs],
        menu: MenuPath,
        callees: &Callees,
        now: DateTime<Utc>,
        caller: Caller<'_>,
    ) -> (Answer, Bytes) {
        let turn = if callees.takes_turns() { self.next_turn(&menu) } else { 0 };
        let first = callees.first(Round { menu, ..Round::default() }, turn, now);
        let said: Vec<&Verbs> = before.iter().copied().chain([&self.connecting]).collect();
        let rung = first.and_then(|turn| or_log(self.ring(&said, &turn, Some(caller))));
        match rung {
            Some(document) => (Answer::Forward, document),
            None => (Answer::Record, self.nobody_answers(before)),
        }
    }

    fn next_turn(&self, menu: &MenuPath) -> usize {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(menu.clone()).or_default();
        let this = *turn;
        *turn = turn.wrapping_add(1);
        this
    }

    /// A dial behind what is said before. A caller whose number cannot be shown is shown as the number that they
    /// called, for Twilio refuses to dial with theirs (error 13214).
    fn ring(
        &self,
        before: &[&Verbs],
        turn: &Turn<'_>,
        caller: Option<Caller<'_>>,
    ) -> Result<Bytes, TwimlError> {
        let hidden = caller.filter(|caller| shown(caller.from).is_none());
        let called = hidden.and_then(|caller| phone::caller(caller.to));
        document(|response| {
            response.put_all(before);
            response.dial(&Dial {
                business: self.business,
                turn,
                record: self.record_forwarded,
                caller_id: called.as_ref(),
            })
        })
    }

    fn nobody_answers(&self, before: &[&Verbs]) -> Bytes {
        let document = document(|response| {
            response.put_all(before);
            response.put(&self.nobody_answered);
            Ok(())
        });
        or_log(document).unwrap_or_else(|| self.message.clone())
    }

    /// Whether the business is open at that moment.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.schedule.is_open(now)
    }

    /// Whether anybody is asked to press 1 before a caller is put through.
    pub fn asks(&self) -> bool {
        self.callees.asks() || self.menus.as_ref().is_some_and(Menus::asks)
    }

    /// What a caller goes through outside the hours.
    pub fn closed(&self) -> Bytes {
        self.closed.clone()
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
/// they see: the business's own where the caller's could not be shown. `user`: the person who was rung.
pub fn screening(config: &CallConfig, from: &str, user: Option<UserId>) -> Bytes {
    let caller = shown(from).filter(|number| !config.numbers.contains(number));
    Script::new(config).screening(caller.as_ref(), user).unwrap_or_else(|error| {
        tracing::error!(event = "call.unasked", business_id = %config.business_id, %error, "the leg is hung up");
        hang_up()
    })
}

/// What whoever is asked hears.
pub fn question(config: &CallConfig, from: &str) -> String {
    Script::new(config).question(shown(from).as_ref())
}

/// Ends the screening: the caller is put through.
pub fn put_through() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| or_bare(document(|_| Ok(()))));
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
