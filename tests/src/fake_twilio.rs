//! Twilio's API of recordings, of numbers and of the account: it checks credentials, is not
//! ready at first, fails when it is told to, and counts.
//! Its `/health` also stands for the WhatsApp service, where a test has none.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::{any, get},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::twilio::{ACCOUNT, TOKEN};

/// How Twilio fails to give a recording's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 404.
    NotReady,
    /// 503.
    Refused,
    /// The audio breaks off in the middle.
    Cut,
    /// No answer at all.
    Silent,
    /// A page instead of audio.
    NotAudio,
}

/// One recording at Twilio.
#[derive(Debug, Clone, Default)]
struct Held {
    audio: Vec<u8>,
    /// What comes before the audio, the next one last.
    troubles: Vec<Trouble>,
    /// What comes until it is mended.
    lasting: Option<Trouble>,
}

#[derive(Debug, Default)]
struct Inner {
    recordings: HashMap<String, Held>,
    asked: HashMap<String, Vec<u16>>,
    numbers: HashMap<String, Value>,
    calls: HashMap<String, Value>,
    suspended: bool,
    date: Option<&'static str>,
}

type Shared = Arc<Mutex<Inner>>;

/// The server.
#[derive(Debug)]
pub struct FakeTwilio {
    address: SocketAddr,
    inner: Shared,
    serving: JoinHandle<()>,
}

impl FakeTwilio {
    /// Starts it on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let inner = Shared::default();
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/Recordings/{file}", any(recording))
            .route("/2010-04-01/Accounts/{account}/Calls/{file}", get(call))
            .route("/2010-04-01/Accounts/{account}", get(account))
            .route("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", get(numbers))
            .route("/health", get(|| std::future::ready("ok")))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, inner, serving })
    }

    /// What `TWILIO_API_BASE` should be.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds, for whoever puts recordings there.
    pub fn shelf(&self) -> Shelf {
        Shelf(Arc::clone(&self.inner))
    }

    /// Holds a recording whose media answers 404 the first `not_ready` times.
    pub fn hold(&self, recording: &str, audio: Vec<u8>, not_ready: usize) -> anyhow::Result<()> {
        self.shelf().hold(recording, audio, Trouble::NotReady, not_ready)
    }

    /// Has a number, set so.
    pub fn has_number(&self, number: &str, mut settings: Value) -> anyhow::Result<()> {
        if let Some(fields) = settings.as_object_mut() {
            fields.insert("phone_number".to_owned(), number.into());
        }
        let mut inner = self.inner.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        inner.numbers.insert(number.to_owned(), settings);
        Ok(())
    }

    /// Knows a call: the fields of the call resource
    /// (<https://www.twilio.com/docs/voice/api/call-resource#fetch-a-call-resource>).
    pub fn knows_call(&self, call: &str, resource: Value) -> anyhow::Result<()> {
        let mut inner = self.inner.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        inner.calls.insert(call.to_owned(), resource);
        Ok(())
    }

    /// Suspends the account, or takes that back.
    pub fn suspend(&self, suspended: bool) -> anyhow::Result<()> {
        self.inner.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.suspended = suspended;
        Ok(())
    }

    /// Says that it is this time, in the account's answers; `None` for the true one.
    pub fn says_it_is(&self, date: Option<&'static str>) -> anyhow::Result<()> {
        self.inner.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.date = date;
        Ok(())
    }

    /// The statuses given for a recording's media, or for a call, in order.
    pub fn answers(&self, recording: &str) -> Vec<u16> {
        self.inner.lock().ok().and_then(|inner| inner.asked.get(recording).cloned()).unwrap_or_default()
    }
}

impl Drop for FakeTwilio {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The recordings at Twilio.
#[derive(Debug, Clone)]
pub struct Shelf(Shared);

impl Shelf {
    /// Holds a recording that fails so often in that way, then is there.
    pub fn hold(
        &self,
        recording: &str,
        audio: Vec<u8>,
        trouble: Trouble,
        times: usize,
    ) -> anyhow::Result<()> {
        self.put(recording, Held { audio, troubles: vec![trouble; times], lasting: None })
    }

    /// Holds a recording that fails in that way until [`Self::mend`].
    pub fn hold_broken(&self, recording: &str, audio: Vec<u8>, trouble: Trouble) -> anyhow::Result<()> {
        self.put(recording, Held { audio, troubles: Vec::new(), lasting: Some(trouble) })
    }

    fn put(&self, recording: &str, held: Held) -> anyhow::Result<()> {
        let mut inner = self.0.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        inner.recordings.insert(recording.to_owned(), held);
        Ok(())
    }

    /// Whatever is broken works from now on.
    pub fn mend(&self) -> anyhow::Result<()> {
        let mut inner = self.0.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        inner.recordings.values_mut().for_each(|held| held.lasting = None);
        Ok(())
    }
}

async fn recording(
    State(shared): State<Shared>,
    Path((account, file)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (sid, extension) = file.split_once('.').unwrap_or((&file, ""));
    let answer = answer(&shared, (&account, sid, extension), &method, &headers);
    let Some(answer) = answer else {
        // Whoever asked goes first.
        return std::future::pending().await;
    };
    if let Ok(mut inner) = shared.lock() {
        inner.asked.entry(sid.to_owned()).or_default().push(answer.status().as_u16());
    }
    answer
}

async fn call(
    State(shared): State<Shared>,
    Path((account, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Ok(mut inner) = shared.lock() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if !authorized(&headers) || account != ACCOUNT || inner.suspended {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let sid = file.trim_end_matches(".json");
    let answer = match inner.calls.get(sid) {
        Some(resource) => Json(resource.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    inner.asked.entry(sid.to_owned()).or_default().push(answer.status().as_u16());
    answer
}

async fn account(State(shared): State<Shared>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Ok(inner) = shared.lock() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if !authorized(&headers) || file != format!("{ACCOUNT}.json") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let status = if inner.suspended { "suspended" } else { "active" };
    let mut response = Json(json!({ "sid": ACCOUNT, "status": status })).into_response();
    if let Some(date) = inner.date {
        response.headers_mut().insert(header::DATE, HeaderValue::from_static(date));
    }
    response
}

async fn numbers(
    State(shared): State<Shared>,
    Path(account): Path<String>,
    Query(wanted): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let Ok(inner) = shared.lock() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if !authorized(&headers) || account != ACCOUNT {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let found: Vec<&Value> =
        wanted.get("PhoneNumber").and_then(|n| inner.numbers.get(n)).into_iter().collect();
    Json(json!({ "incoming_phone_numbers": found })).into_response()
}

/// None where nothing is answered.
fn answer(
    shared: &Shared,
    (account, sid, extension): (&str, &str, &str),
    method: &Method,
    headers: &HeaderMap,
) -> Option<Response> {
    let Ok(mut inner) = shared.lock() else {
        return Some(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    if !authorized(headers) || account != ACCOUNT {
        Some(StatusCode::UNAUTHORIZED.into_response())
    } else if *method == Method::DELETE {
        let gone = inner.recordings.remove(sid);
        Some(gone.map_or(StatusCode::NOT_FOUND, |_| StatusCode::NO_CONTENT).into_response())
    } else {
        media(inner.recordings.get_mut(sid), extension)
    }
}

fn media(held: Option<&mut Held>, extension: &str) -> Option<Response> {
    let content_type = match extension {
        "wav" | "" => "audio/x-wav",
        "mp3" => "audio/mpeg",
        _ => return Some(StatusCode::NOT_FOUND.into_response()),
    };
    let Some(held) = held else { return Some(StatusCode::NOT_FOUND.into_response()) };
    let audio = |body: Body| ([(header::CONTENT_TYPE, content_type)], body).into_response();
    match held.lasting.or_else(|| held.troubles.pop()) {
        None => Some(audio(Body::from(held.audio.clone()))),
        Some(Trouble::NotReady) => Some(StatusCode::NOT_FOUND.into_response()),
        Some(Trouble::Refused) => Some(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Some(Trouble::NotAudio) => Some(Html("<p>Not now.</p>").into_response()),
        Some(Trouble::Silent) => None,
        Some(Trouble::Cut) => {
            let half = held.audio.get(..held.audio.len() / 2).unwrap_or_default().to_vec();
            let broken = Err(std::io::Error::other("cut"));
            Some(audio(Body::from_stream(futures_util::stream::iter([Ok(half), broken]))))
        }
    }
}

fn authorized(headers: &HeaderMap) -> bool {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    headers.get(header::AUTHORIZATION).is_some_and(|held| held.as_bytes() == wanted.as_bytes())
}

/// Audio of about this size that no two recordings share: MPEG frames of layer III,
/// 32 kbit/s, mono, as Twilio's have.
pub fn audio(recording: &str, bytes: usize) -> Vec<u8> {
    const FRAME: usize = 104;
    let mut audio = Vec::with_capacity(bytes + FRAME);
    let mut letters = recording.bytes().cycle();
    while audio.len() < bytes {
        audio.extend_from_slice(&[0xff, 0xf3, 0x48, 0xc4]);
        audio.extend(letters.by_ref().take(FRAME - 4));
    }
    audio
}
