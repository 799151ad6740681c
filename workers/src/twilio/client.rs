//! The client: whichever of our tokens Twilio takes, no redirect to another host.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use prosaas_domain::ids::{CallSid, RecordingSid};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{address::Api, call::CallResource};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence while audio comes.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest whole look at a call, and longest answer, bytes: it has some 2 kB.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_CALL: usize = 64 * 1024;
/// Longest whole deletion.
const DELETE_TIMEOUT: Duration = Duration::from_secs(30);
/// Redirects that are followed, on the same host only.
const MAX_REDIRECTS: usize = 3;

/// Why Twilio gave nothing. Addresses and bodies are left out: this is logged.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// 404: not ready yet, or deleted.
    #[error("Twilio does not have the recording's media (404)")]
    NotReady,
    /// 404: Twilio does not know it.
    #[error("Twilio does not know it (404)")]
    NotThere,
    /// Not what its documentation says.
    #[error("Twilio's answer cannot be read: {0}")]
    Unreadable(#[source] serde_json::Error),
    /// Nobody answers at Twilio's address.
    #[error("Twilio cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// It broke off, or took too long.
    #[error("Twilio's answer broke off: {0}")]
    Broken(#[source] reqwest::Error),
    /// An answer that may change: 401, 403, 429, 5xx.
    #[error("Twilio answered {0}")]
    Refused(StatusCode),
    /// It sends us elsewhere, where our credentials must not go.
    #[error("Twilio's answer leads to another host ({0})")]
    Redirected(StatusCode),
    /// Not audio.
    #[error("Twilio sent {0} instead of audio")]
    NotAudio(String),
    /// Larger than we take.
    #[error("Twilio's answer has more than {0} bytes")]
    TooLarge(u64),
}

/// A client for one account.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// Where things are.
    pub api: Api,
    /// More than one while the token is rotated.
    tokens: Arc<[SecretString]>,
    /// Which of them was taken last.
    taken: Arc<AtomicUsize>,
    client: Client,
}

/// Audio that is about to come.
pub struct Audio {
    /// Channels that it has, as far as we asked for them.
    pub channels: u8,
    /// Its media type.
    pub content_type: String,
    response: Response,
}

impl Audio {
    /// Its bytes.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, reqwest::Error>> + Unpin + Send {
        Box::pin(self.response.bytes_stream())
    }
}

impl Twilio {
    /// A client that authenticates with the account and whichever of its tokens Twilio takes.
    pub fn new(api: Api, tokens: &[SecretString]) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(redirect::Policy::custom(same_host_only))
            .referer(false)
            .user_agent(concat!("prosaas/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { api, tokens: tokens.into(), taken: Arc::default(), client })
    }

    /// Asks for the audio: in two channels where Twilio says that it has two, in one
    /// when it then refuses two.
    pub async fn audio(
        &self,
        recording: &RecordingSid,
        channels: Option<u8>,
        limit: u64,
    ) -> Result<Audio, FetchError> {
        if channels == Some(2) {
            let response = self.get(self.api.media(recording, 2)).await?;
            if response.status() != StatusCode::BAD_REQUEST {
                return accept(response, 2, limit);
            }
        }
        accept(self.get(self.api.media(recording, 1)).await?, 1, limit)
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    async fn get(&self, url: Url) -> Result<Response, FetchError> {
        self.send(|| self.client.get(url.clone())).await
    }

    /// Sends a request with one token after the other until Twilio takes one (an answer other than 401), and
    /// begins with that one the next time: which of two is valid changes while they are rotated.
    pub(super) async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, FetchError> {
        let account = self.api.account.as_str();
        let first = self.taken.load(Ordering::Relaxed);
        for (index, token) in self.tokens.iter().enumerate().cycle().skip(first).take(self.tokens.len()) {
            let sent = request().basic_auth(account, Some(token.expose_secret())).send().await;
            let response = sent.map_err(|error| {
                let error = error.without_url();
                if error.is_connect() { FetchError::Unreachable(error) } else { FetchError::Broken(error) }
            })?;
            if response.status() != StatusCode::UNAUTHORIZED {
                self.taken.store(index, Ordering::Relaxed);
                return Ok(response);
            }
        }
        Err(FetchError::Refused(StatusCode::UNAUTHORIZED))
    }

    /// What Twilio knows of a call.
    pub async fn call(&self, call: &CallSid) -> Result<CallResource, FetchError> {
        let url = self.api.call(call);
        let response = self.send(|| self.client.get(url.clone()).timeout(CALL_TIMEOUT)).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(FetchError::NotThere),
            status => return Err(FetchError::Refused(status)),
        }
        let (mut response, mut body) = (response, Vec::new());
        while let Some(part) =
            response.chunk().await.map_err(|error| FetchError::Broken(error.without_url()))?
        {
            body.extend_from_slice(&part);
            if body.len() > MAX_CALL {
                return Err(FetchError::TooLarge(MAX_CALL as u64));
            }
        }
        serde_json::from_slice(&body).map_err(FetchError::Unreadable)
    }

    /// Deletes Twilio's copy. That it is gone already is as good.
    pub async fn delete(&self, recording: &RecordingSid) -> Result<(), FetchError> {
        let url = self.api.recording(recording);
        let response = self.send(|| self.client.delete(url.clone()).timeout(DELETE_TIMEOUT)).await?;
        match response.status() {
            status if status.is_success() || status == StatusCode::NOT_FOUND => Ok(()),
            status => Err(FetchError::Refused(status)),
        }
    }
}

/// reqwest would drop the credentials on another host; we do not even ask there.
fn same_host_only(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first().map(Url::origin);
    if attempt.previous().len() > MAX_REDIRECTS || first != Some(attempt.url().origin()) {
        attempt.stop()
    } else {
        attempt.follow()
    }
}

fn accept(response: Response, channels: u8, limit: u64) -> Result<Audio, FetchError> {
    let status = response.status();
    if status == StatusCode::NOT_FOUND {
        return Err(FetchError::NotReady);
    }
    if status.is_redirection() {
        return Err(FetchError::Redirected(status));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Refused(status));
    }
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .unwrap_or_default();
    if !matches!(content_type.as_str(), "audio/mpeg" | "audio/mp3" | "audio/x-mp3" | "audio/x-mpeg") {
        return Err(FetchError::NotAudio(content_type.chars().take(100).collect()));
    }
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(FetchError::TooLarge(limit));
    }
    Ok(Audio { channels, content_type, response })
}
