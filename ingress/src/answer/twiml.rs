//! TwiML, written by an XML writer and by nothing else. Verbs and attributes:
//! <https://www.twilio.com/docs/voice/twiml>.

use std::io;

use bytes::Bytes;
use prosaas_domain::{
    call_config::{Language, voices},
    ids::{BusinessId, UserId},
    phone::E164,
};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
    writer::ElementWriter,
};

use super::{ringing::Turn, speech};

/// Largest document that we send, bytes. Twilio takes 64 kB (error 11750).
pub const MAX_DOCUMENT: usize = 64_000;

/// Where Twilio sends a message when it ends, and every report of a recording.
const RECORDING_URL: &str = "/webhook/handle_recording";
/// Where Twilio asks what to tell whoever has answered, and what they pressed.
const SCREEN_URL: &str = "/webhook/screen";
/// How long a digit is waited for after the question, seconds. The question comes twice.
const DIGIT_S: &str = "5";
/// How long a caller may think after a menu was said, seconds.
const CHOICE_S: &str = "6";
/// The reports of a recording that we want.
const RECORDING_EVENTS: &str = "in-progress completed absent";
/// Silence that ends a message, seconds: long enough to look a number up.
const SILENCE_S: &str = "10";

/// Why a document cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TwimlError {
    /// Longer than Twilio takes. Settings that passed validation never get there.
    #[error("the TwiML has {bytes} bytes, more than the {MAX_DOCUMENT} that fit")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The XML writer failed.
    #[error("the TwiML could not be written")]
    Write(#[from] io::Error),
}

/// A voice and the locale that it speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice<'a> {
    name: &'a str,
    locale: &'a str,
}

impl<'a> Voice<'a> {
    /// The voice chosen, where it is one that speaks the language, else the default.
    pub(super) fn choose(chosen: Option<&'a str>, language: Language) -> Self {
        let name = chosen
            .filter(|voice| voices::speaks(voice, language))
            .unwrap_or_else(|| voices::default_voice(language));
        let locale = voices::locale_of(name).unwrap_or(match language {
            Language::He => "he-IL",
            Language::En => "en-US",
        });
        Self { name, locale }
    }
}

/// How to ring whom.
pub(super) struct Dial<'a> {
    pub(super) business: BusinessId,
    pub(super) turn: &'a Turn<'a>,
    pub(super) record: bool,
    /// The number that those who are rung see, in place of the caller's.
    pub(super) caller_id: Option<&'a E164>,
}

/// Verbs that are written once and put into many documents.
#[derive(Debug, Clone, Default)]
pub(super) struct Verbs(Bytes);

/// The inside of a `<Response>` being written.
pub(super) struct Response(Writer<Vec<u8>>);

/// Writes one document.
pub(super) fn document(
    fill: impl FnOnce(&mut Response) -> Result<(), io::Error>,
) -> Result<Bytes, TwimlError> {
    let mut response = Response(Writer::new(Vec::with_capacity(1024)));
    response.0.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    response.0.write_event(Event::Start(BytesStart::new("Response")))?;
    fill(&mut response)?;
    response.0.write_event(Event::End(BytesEnd::new("Response")))?;
    let xml = response.0.into_inner();
    if xml.len() > MAX_DOCUMENT {
        return Err(TwimlError::TooLarge { bytes: xml.len() });
    }
    Ok(Bytes::from(xml.into_boxed_slice()))
}

/// Writes verbs that are put into documents later.
pub(super) fn verbs(fill: impl FnOnce(&mut Response) -> io::Result<()>) -> Result<Verbs, TwimlError> {
    let mut verbs = Response(Writer::new(Vec::with_capacity(512)));
    fill(&mut verbs)?;
    Ok(Verbs(Bytes::from(verbs.0.into_inner().into_boxed_slice())))
}

/// Where whoever answers for that business is asked; `user`: the person who is rung.
fn screen_url(business: BusinessId, user: Option<UserId>) -> String {
    let user = user.map(|user| format!("&user={user}")).unwrap_or_default();
    format!("{SCREEN_URL}?business={business}{user}")
}

fn say(inside: &mut Writer<Vec<u8>>, voice: Voice<'_>, piece: &str) -> io::Result<()> {
    inside
        .create_element("Say")
        .with_attributes([("voice", voice.name), ("language", voice.locale)])
        .write_text_content(BytesText::new(piece))
        .map(|_| ())
}

impl Response {
    /// Says the text, in as many `<Say>`s as it takes; nothing for a blank one.
    pub(super) fn say(&mut self, voice: Voice<'_>, text: &str) -> io::Result<()> {
        speech::pieces(&speech::clean(text)).into_iter().try_for_each(|piece| say(&mut self.0, voice, piece))
    }

    /// Records a message. Its action answers with a hang-up; what follows in
    /// this document is heard only by a caller who said nothing.
    pub(super) fn record(&mut self, max_length_s: u16) -> io::Result<()> {
        self.0
            .create_element("Record")
            .with_attributes([
                ("action", RECORDING_URL),
                ("method", "POST"),
                ("maxLength", max_length_s.to_string().as_str()),
                ("timeout", SILENCE_S),
                ("finishOnKey", "#"),
                ("playBeep", "true"),
                ("trim", "trim-silence"),
                ("recordingStatusCallback", RECORDING_URL),
                ("recordingStatusCallbackMethod", "POST"),
                ("recordingStatusCallbackEvent", RECORDING_EVENTS),
            ])
            .write_empty()?;
        Ok(())
    }

    /// Puts verbs that are written already.
    pub(super) fn put(&mut self, verbs: &Verbs) {
        self.0.get_mut().extend_from_slice(&verbs.0);
    }

    /// The same for several, in order.
    pub(super) fn put_all(&mut self, verbs: &[&Verbs]) {
        for verbs in verbs {
            self.put(verbs);
        }
    }

    /// Rings everybody whose turn it is at once; its action decides what comes next. No
    /// `answerOnBridge`: what was said before it has answered the call already. A dial has one time limit: the longest
    /// of those who are rung.
    pub(super) fn dial(&mut self, dial: &Dial<'_>) -> io::Result<()> {
        let callees = &dial.turn.callees;
        let timeout = callees.iter().map(|callee| callee.timeout_s).max().unwrap_or_default().to_string();
        let screened = callees.iter().all(|callee| callee.ask);
        let alone = if let [callee] = callees.as_slice() { callee.user } else { None };
        let action = dial.turn.round.action(screened, alone);
        let mut element = self.0.create_element("Dial").with_attributes([
            ("action", action.as_str()),
            ("method", "POST"),
            ("timeout", timeout.as_str()),
        ]);
        if let Some(number) = dial.caller_id {
            element = element.with_attribute(("callerId", number.as_str()));
        }
        if dial.record {
            element = element.with_attributes([
                ("record", "record-from-answer-dual"),
                ("recordingStatusCallback", RECORDING_URL),
                ("recordingStatusCallbackMethod", "POST"),
                ("recordingStatusCallbackEvent", RECORDING_EVENTS),
            ]);
        }
        element.write_inner_content(|inside| {
            callees.iter().try_for_each(|callee| {
                let screen = screen_url(dial.business, callee.user);
                let mut number = inside.create_element("Number");
                if callee.ask {
                    number = number.with_attributes([("url", screen.as_str()), ("method", "POST")]);
                }
                number.write_text_content(BytesText::new(callee.number.as_str())).map(|_| ())
            })
        })?;
        Ok(())
    }

    /// Asks for one digit, which the screening's own address is told. Whoever presses none goes on to what follows.
    pub(super) fn ask(
        &mut self,
        business: BusinessId,
        user: Option<UserId>,
        voice: Voice<'_>,
        question: &str,
    ) -> io::Result<()> {
        let action = screen_url(business, user);
        let question = speech::clean(question);
        let gather = self.gather(&action, DIGIT_S);
        gather.write_inner_content(|inside| {
            speech::pieces(&question).into_iter().try_for_each(|piece| say(inside, voice, piece))
        })?;
        Ok(())
    }

    /// Asks a caller for one key, during the prompt or soon after it. The action is told of silence, too.
    pub(super) fn choose(&mut self, action: &str, prompt: &Verbs) -> io::Result<()> {
        let gather = self.gather(action, CHOICE_S).with_attribute(("actionOnEmptyResult", "true"));
        gather.write_inner_content(|inside| {
            inside.get_mut().extend_from_slice(&prompt.0);
            Ok(())
        })?;
        Ok(())
    }

    fn gather<'a>(&'a mut self, action: &'a str, timeout_s: &'a str) -> ElementWriter<'a, Vec<u8>> {
        self.0.create_element("Gather").with_attributes([
            ("action", action),
            ("method", "POST"),
            ("input", "dtmf"),
            ("numDigits", "1"),
            ("finishOnKey", ""),
            ("timeout", timeout_s),
        ])
    }

    /// Ends the call.
    pub(super) fn hang_up(&mut self) -> io::Result<()> {
        self.0.create_element("Hangup").write_empty()?;
        Ok(())
    }
}
