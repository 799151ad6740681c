//! `POST /api/businesses/{business_id}/settings/preview`.

use axum::{Json, extract::State};
use prosaas_domain::{ids::BusinessId, phone::E164, rights::Right};
use prosaas_events::call::Answer;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{SettingsInput, configuration};
use crate::{
    answer::{self, Caller, CompiledAnswers, Round},
    http::{
        extract::{ApiJson, ApiPath},
        problem::Problem,
        session::Session,
    },
    request::scope,
    state::App,
};

/// What callers would go through. Each list is in the order in which it happens.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// What a call at this moment would be answered.
    now: Answer,
    /// During the hours.
    open: Vec<Step>,
    /// Outside the hours.
    closed: Vec<Step>,
    /// After a call was forwarded and nobody took it.
    nobody_answered: Vec<Step>,
    /// After a message.
    after_recording: Vec<Step>,
    /// What whoever is rung and asked first hears, of some caller; null where nobody is asked.
    #[schema(required = true)]
    question: Option<String>,
}

/// One step of what a caller goes through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Step {
    /// The caller hears a text.
    Say {
        /// The text.
        text: String,
        /// The voice that speaks it.
        voice: String,
        /// The voice's locale.
        language: String,
    },
    /// The caller leaves a message; what follows is for one who says nothing.
    Record {
        /// Longest message, seconds.
        max_length_s: u32,
    },
    /// Numbers ring, all at once.
    Dial {
        /// The numbers.
        numbers: Vec<String>,
        /// How long, seconds.
        timeout_s: u32,
        /// Whether the conversation is recorded.
        recorded: bool,
    },
    /// The caller presses a key; what is said next says which there are.
    Choose,
    /// The call ends.
    HangUp,
}

/// The caller of whom the preview asks. Israel issues no such number.
const EXAMPLE_CALLER: &str = "+972500000000";

/// What callers would go through if these were the settings. Nothing is changed.
#[utoipa::path(
    post,
    path = "/api/businesses/{business_id}/settings/preview",
    operation_id = "preview_settings",
    tag = "businesses",
    params(("business_id" = BusinessId, Path)),
    request_body = SettingsInput,
    responses((status = 200, description = "What callers would go through", body = Preview)),
)]
pub async fn preview(
    State(app): State<App>,
    session: Session,
    ApiPath(business): ApiPath<BusinessId>,
    ApiJson(input): ApiJson<SettingsInput>,
) -> Result<Json<Preview>, Problem> {
    scope::of_path(&app, &session, business, Right::ReadPeople).await?;
    let before = configuration(&app.api.database, business).await?;
    let config = input.applied(&before)?;
    let answers = CompiledAnswers::compile(&config).map_err(|error| {
        tracing::error!(event = "api.preview_failed", %error);
        Problem::internal()
    })?;
    let steps = |document: &[u8]| steps(document).ok_or_else(Problem::internal);
    let now = app.clock.now();
    let called = config.numbers.first().map(E164::as_str).unwrap_or_default();
    let caller = Caller { from: EXAMPLE_CALLER, to: called };
    Ok(Json(Preview {
        now: answers.incoming(now, caller).0,
        open: steps(&answers.during_hours(now, caller).1)?,
        closed: steps(&answers.closed())?,
        nobody_answered: steps(&answers.after_dial(now, caller, &Round::default(), false))?,
        after_recording: steps(&answers.after_recording())?,
        question: answers.asks().then(|| answer::question(&config, EXAMPLE_CALLER)),
    }))
}

/// The steps of a document: read back from what Twilio would get, so that the two
/// cannot differ.
fn steps(document: &[u8]) -> Option<Vec<Step>> {
    let mut reader = Reader::from_str(std::str::from_utf8(document).ok()?);
    let (mut steps, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => {
                text.clear();
                steps.extend(step(&tag));
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(entity) => {
                text.push_str(&quick_xml::escape::unescape(&format!("&{};", &*entity)).ok()?);
            }
            Event::End(tag) => {
                let said = std::mem::take(&mut text);
                match (tag.name().as_ref(), steps.last_mut()) {
                    ("Say", Some(Step::Say { text, .. })) => *text = said,
                    ("Number", Some(Step::Dial { numbers, .. })) => numbers.push(said),
                    _ => {}
                }
            }
            Event::Eof => return Some(joined(steps)),
            _ => {}
        }
    }
}

fn step(tag: &BytesStart<'_>) -> Option<Step> {
    let attribute = |name: &str| {
        let found = tag.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
        quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
    };
    let seconds = |name: &str| attribute(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    match tag.name().as_ref() {
        "Say" => Some(Step::Say {
            text: String::new(),
            voice: attribute("voice").unwrap_or_default(),
            language: attribute("language").unwrap_or_default(),
        }),
        "Record" => Some(Step::Record { max_length_s: seconds("maxLength") }),
        "Dial" => Some(Step::Dial {
            numbers: Vec::new(),
            timeout_s: seconds("timeout"),
            recorded: attribute("record").is_some(),
        }),
        "Gather" => Some(Step::Choose),
        "Hangup" => Some(Step::HangUp),
        _ => None,
    }
}

/// A long text is several `<Say>`s for Twilio and one for the reader.
fn joined(steps: Vec<Step>) -> Vec<Step> {
    let mut joined: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        match (joined.last_mut(), &step) {
            (Some(Step::Say { text, voice, language }), Step::Say { text: more, voice: v, language: l })
                if voice == v && language == l =>
            {
                text.push(' ');
                text.push_str(more);
            }
            _ => joined.push(step),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_reads_as_steps() {
        let document = br#"<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="v" language="he-IL">a &amp; b</Say><Say voice="v" language="he-IL">c</Say><Dial action="/x" timeout="20" record="y"><Number>+972541234567</Number><Number>+972541234568</Number></Dial><Gather action="/x"><Say voice="v" language="he-IL">d</Say></Gather><Record maxLength="300"/><Hangup/></Response>"#;
        let say = Step::Say { text: "a & b c".into(), voice: "v".into(), language: "he-IL".into() };
        let numbers = vec!["+972541234567".into(), "+972541234568".into()];
        assert_eq!(
            steps(document).unwrap(),
            [
                say,
                Step::Dial { numbers, timeout_s: 20, recorded: true },
                Step::Choose,
                Step::Say { text: "d".into(), voice: "v".into(), language: "he-IL".into() },
                Step::Record { max_length_s: 300 },
                Step::HangUp,
            ]
        );
    }
}
