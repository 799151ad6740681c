//! Twilio as a caller's phone meets it: it walks through TwiML, rings whom a document names, lets them pick up, and
//! reports what Twilio reports. What it does follows Twilio's pages for
//! [`<Dial>`](https://www.twilio.com/docs/voice/twiml/dial), [`<Number>`](https://www.twilio.com/docs/voice/twiml/number),
//! [`<Gather>`](https://www.twilio.com/docs/voice/twiml/gather) and
//! [`<Record>`](https://www.twilio.com/docs/voice/twiml/record). Where they leave something open, the caller of this
//! module chooses ([`Declined`]).

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::twilio::{ACCOUNT, NUMBER, Twilio, call_sid, incoming_parameters, pairs};

/// Who is at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whoever {
    /// Picks up and presses 1 when asked.
    Person,
    /// Picks up and presses another digit.
    Busybody,
    /// The network's machine: it picks up, speaks, and presses nothing.
    Voicemail,
    /// Lets it ring.
    Nobody,
}

/// What the end of a dial says of a leg that was hung up on in its screening: both are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// `DialCallStatus=completed` with `DialBridged=false`.
    Completed,
    /// `DialCallStatus=no-answer`.
    NoAnswer,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its SID.
    pub sid: String,
    /// Who calls, as Twilio sends it.
    pub from: String,
    /// Who is at the numbers that are rung; at all others there is nobody.
    pub at: BTreeMap<String, Whoever>,
    /// How a declined leg is reported.
    pub declined: Declined,
    /// What the caller presses, menu by menu; nothing where there is none.
    pub keys: Vec<Option<&'static str>>,
    /// Whether the caller hangs up while it rings.
    pub impatient: bool,
    /// Whether the screening fails: its requests are not signed, and refused.
    pub unsigned: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What the caller heard, in order.
    pub heard: Vec<String>,
    /// The caller ids that those who were rung saw.
    pub seen: Vec<String>,
    /// What each that picked up was told.
    pub asked: BTreeMap<String, String>,
    /// With whom the caller spoke.
    pub spoke_with: Option<String>,
    /// How often the caller was asked to choose.
    pub chose: usize,
    /// Whether the caller was asked for a message.
    pub took_message: bool,
    /// Whether the report of the call's end was taken.
    pub end_heard: bool,
}

/// A verb or noun of a document.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    inside: Vec<Element>,
}

/// A leg that was picked up.
struct Leg {
    sid: String,
    number: String,
    accepted: bool,
}

impl Call {
    /// A call to our number by somebody patient.
    pub fn from(number: &str, at: &[(&str, Whoever)]) -> Self {
        Self {
            sid: call_sid(),
            from: number.to_owned(),
            at: at.iter().map(|(number, who)| ((*number).to_owned(), *who)).collect(),
            declined: Declined::Completed,
            keys: Vec::new(),
            impatient: false,
            unsigned: false,
        }
    }

    /// Calls, goes through everything, and hangs up; then Twilio reports the call's end.
    pub async fn play(&self, twilio: &Twilio) -> anyhow::Result<Outcome> {
        let first = self.comes_in(twilio).await?;
        self.goes_on(twilio, first).await
    }

    /// Calls, and gets the first document.
    pub async fn comes_in(&self, twilio: &Twilio) -> anyhow::Result<String> {
        let parameters = incoming_parameters(&self.sid, &self.from, NUMBER);
        twilio.post("/webhook/incoming_call", &parameters).await?.twiml()
    }

    /// Goes through everything from that document on, and hangs up; then Twilio reports the call's end, as far as
    /// anybody hears it.
    pub async fn goes_on(&self, twilio: &Twilio, first: String) -> anyhow::Result<Outcome> {
        let (mut document, mut outcome) = (first, Outcome::default());
        // No call may go round: three menus, each said some times, and ten people one after the other.
        for _ in 0..30 {
            let Some(next) = self.walk(twilio, &document, &mut outcome).await? else {
                outcome.end_heard = self.ended(twilio).await?;
                return Ok(outcome);
            };
            document = next;
        }
        bail!("the call never ends: {document}")
    }

    /// Reports the end; returns whether anybody took the report.
    pub async fn ended(&self, twilio: &Twilio) -> anyhow::Result<bool> {
        let parameters = pairs(&[
            ("CallSid", &self.sid),
            ("AccountSid", ACCOUNT),
            ("From", &self.from),
            ("To", NUMBER),
            ("Direction", "inbound"),
            ("CallStatus", "completed"),
            ("SequenceNumber", "3"),
            ("CallDuration", "20"),
        ]);
        let reply = twilio.post("/webhook/call_status", &parameters).await?;
        ensure!(reply.status == 204 || reply.status >= 500, "status {}", reply.status);
        Ok(reply.status == 204)
    }

    /// The caller's way through one document; the next one, where a verb's action gives it.
    async fn walk(
        &self,
        twilio: &Twilio,
        document: &str,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Option<String>> {
        for verb in parsed(document)? {
            match verb.name.as_str() {
                "Say" => outcome.heard.push(verb.text),
                "Record" => {
                    // The caller hangs up instead of speaking.
                    outcome.took_message = true;
                    return Ok(None);
                }
                "Hangup" => return Ok(None),
                "Dial" => return self.dial(twilio, &verb, outcome).await,
                "Gather" => return self.press(twilio, &verb, outcome).await,
                other => bail!("a caller meets <{other}>"),
            }
        }
        Ok(None)
    }

    /// The caller hears the prompt and presses a key, or nothing until its time is over. Silence is reported where the
    /// document wants it (`actionOnEmptyResult`).
    async fn press(
        &self,
        twilio: &Twilio,
        gather: &Element,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Option<String>> {
        outcome.heard.extend(gather.inside.iter().map(|say| say.text.clone()));
        let key = self.keys.get(outcome.chose).copied().flatten();
        outcome.chose += 1;
        ensure!(
            gather.attributes.get("actionOnEmptyResult").is_some_and(|value| value == "true"),
            "silence would end the call"
        );
        let mut parameters = pairs(&[
            ("CallSid", &self.sid),
            ("AccountSid", ACCOUNT),
            ("From", &self.from),
            ("To", NUMBER),
            ("CallStatus", "in-progress"),
            ("Direction", "inbound"),
        ]);
        parameters.extend(pairs(&[("Digits", key.unwrap_or_default())]));
        let action = gather.attributes.get("action").context("a question without an action")?;
        Ok(Some(twilio.post(action, &parameters).await?.twiml()?))
    }

    async fn dial(
        &self,
        twilio: &Twilio,
        dial: &Element,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Option<String>> {
        if self.impatient {
            // Every leg is canceled, and the action is not asked: nobody would hear its answer.
            return Ok(None);
        }
        let shown = dial.attributes.get("callerId").unwrap_or(&self.from);
        let mut legs = Vec::new();
        // All at once: each is asked before any of them has answered the question.
        for number in dial.inside.iter().filter(|noun| noun.name == "Number") {
            outcome.seen.push(shown.clone());
            let who = self.at.get(&number.text).copied().unwrap_or(Whoever::Nobody);
            if who != Whoever::Nobody {
                let leg = self.pick_up(twilio, number, shown, who, outcome).await?;
                legs.push(leg);
            }
        }
        let mut parameters = pairs(&[
            ("CallSid", &self.sid),
            ("AccountSid", ACCOUNT),
            ("From", &self.from),
            ("To", NUMBER),
            ("CallStatus", "in-progress"),
            ("Direction", "inbound"),
        ]);
        // The first to be connected wins; the others are hung up on.
        if let Some(leg) = legs.iter().find(|leg| leg.accepted) {
            outcome.spoke_with = Some(leg.number.clone());
            parameters.extend(pairs(&[
                ("DialCallStatus", "completed"),
                ("DialCallSid", &leg.sid),
                ("DialCallDuration", "12"),
                ("DialBridged", "true"),
            ]));
        } else if let (Some(leg), Declined::Completed) = (legs.last(), self.declined) {
            let more =
                [("DialCallStatus", "completed"), ("DialCallSid", &*leg.sid), ("DialBridged", "false")];
            parameters.extend(pairs(&more));
        } else {
            parameters.extend(pairs(&[("DialCallStatus", "no-answer"), ("DialBridged", "false")]));
        }
        let action = dial.attributes.get("action").context("a dial without an action ends the call")?;
        Ok(Some(twilio.post(action, &parameters).await?.twiml()?))
    }

    /// Somebody picks up: what `<Number url>` names runs on their end, and the two are connected when it comes to its
    /// end without a hang-up. A document that cannot be had is taken as a hang-up.
    async fn pick_up(
        &self,
        twilio: &Twilio,
        number: &Element,
        shown: &str,
        who: Whoever,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Leg> {
        let sid = call_sid();
        let leg = |accepted| Leg { sid: sid.clone(), number: number.text.clone(), accepted };
        let Some(mut url) = number.attributes.get("url").cloned() else { return Ok(leg(true)) };
        let mut digits = None;
        for _ in 0..3 {
            let mut parameters = pairs(&[
                ("CallSid", &sid),
                ("ParentCallSid", &self.sid),
                ("AccountSid", ACCOUNT),
                ("From", shown),
                ("To", &number.text),
                ("CallStatus", "in-progress"),
                ("Direction", "outbound-dial"),
            ]);
            parameters.extend(digits.map(|digits: &str| ("Digits".to_owned(), digits.to_owned())));
            let reply = if self.unsigned {
                twilio.post_with(&url, &parameters, None).await?
            } else {
                twilio.post(&url, &parameters).await?
            };
            let Ok(document) = reply.twiml() else { return Ok(leg(false)) };
            let verbs = parsed(&document)?;
            let gather = verbs.iter().find(|verb| verb.name == "Gather");
            let told =
                gather.map(|gather| gather.inside.iter().map(|say| say.text.as_str()).collect::<String>());
            outcome.asked.extend(told.map(|told| (number.text.clone(), told)));
            match (gather, who) {
                (Some(gather), Whoever::Person | Whoever::Busybody) => {
                    digits = Some(if who == Whoever::Person { "1" } else { "7" });
                    url.clone_from(gather.attributes.get("action").context("a question without an action")?);
                }
                // Nothing is pressed, and the document goes on to its end.
                _ => return Ok(leg(verbs.iter().all(|verb| verb.name != "Hangup"))),
            }
        }
        bail!("whoever picked up is asked for ever")
    }
}

/// The verbs of a document, with what is inside them.
fn parsed(document: &str) -> anyhow::Result<Vec<Element>> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event()? {
            Event::Start(tag) => open.push(element(&tag)?),
            Event::Empty(tag) => {
                let empty = element(&tag)?;
                open.last_mut().context("outside")?.inside.push(empty);
            }
            Event::End(_) => {
                let ended = open.pop().context("an end too many")?;
                open.last_mut().context("outside")?.inside.push(ended);
            }
            Event::Text(text) => open.last_mut().context("outside")?.text.push_str(&text),
            Event::GeneralRef(entity) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*entity))?.into_owned();
                open.last_mut().context("outside")?.text.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let response = open.pop().and_then(|mut root| root.inside.pop()).context("no document")?;
    ensure!(response.name == "Response", "{document}");
    Ok(response.inside)
}

fn element(tag: &BytesStart<'_>) -> anyhow::Result<Element> {
    let mut attributes = BTreeMap::new();
    for attribute in tag.attributes() {
        let attribute = attribute?;
        let value = quick_xml::escape::unescape(&attribute.value)?.into_owned();
        attributes.insert(attribute.key.as_ref().to_owned(), value);
    }
    Ok(Element { name: tag.name().as_ref().to_owned(), attributes, ..Element::default() })
}
