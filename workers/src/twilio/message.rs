//! Text messages at Twilio: sending one, and looking for one of which nobody knows.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use prosaas_domain::{message::Sender, phone::E164};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::client::{FetchError, Twilio};

/// Longest whole attempt, each token tried; the claim of an effect is longer.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answers, bytes: a message has some 2 kB, a page of the list a hundred of them.
const MAX_MESSAGE: usize = 64 * 1024;
const MAX_LIST: usize = 1024 * 1024;
/// Messages of one person since yesterday that are looked at.
const PAGE: &str = "100";

/// A message that is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// From whom.
    pub sender: &'a Sender,
    /// To whom.
    pub to: &'a E164,
    /// What it says.
    pub body: &'a str,
    /// Where Twilio reports what becomes of it.
    pub status_callback: &'a Url,
}

/// What became of an attempt to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Twilio has it, under this id.
    Accepted {
        /// `SM…` or `MM…`.
        sid: String,
    },
    /// Twilio does not take it, and never will.
    Refused {
        /// What it answered.
        status: StatusCode,
        /// Its code, <https://www.twilio.com/docs/api/errors>.
        code: Option<i64>,
    },
    /// Twilio certainly does not have it, and may take it later: nobody answered at its address, it took none of our
    /// tokens (401), or it turned the request away before it looked at it (429, <https://www.twilio.com/docs/api/errors/20429>).
    NotSent {
        /// What it answered, where it did.
        status: Option<StatusCode>,
    },
    /// Nobody knows: the connection broke off, no answer came in time, or one came that says neither. A 5xx is among
    /// them: Twilio promises nowhere that a request which failed inside left no message behind.
    Unknown {
        /// What it answered, where it did.
        status: Option<StatusCode>,
    },
}

/// A message that Twilio has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MessageResource {
    /// `SM…` or `MM…`.
    pub sid: String,
    /// From whom; null while a Messaging Service has not picked a sender.
    pub from: Option<String>,
    /// To whom.
    pub to: Option<String>,
    /// What it says.
    pub body: Option<String>,
    /// The Messaging Service that it was given to.
    pub messaging_service_sid: Option<String>,
    /// `outbound-api`, `inbound`, …
    pub direction: Option<String>,
    /// RFC 2822.
    pub date_created: Option<String>,
}

impl MessageResource {
    /// When Twilio took it.
    pub fn created_at(&self) -> Option<DateTime<Utc>> {
        let text = self.date_created.as_deref()?;
        DateTime::parse_from_rfc2822(text).ok().map(|at| at.with_timezone(&Utc))
    }

    /// Whether we sent it, as that sender.
    pub fn is_from(&self, sender: &Sender) -> bool {
        let named = match sender {
            Sender::Service(_) => &self.messaging_service_sid,
            Sender::Number(_) | Sender::Name(_) => &self.from,
        };
        self.direction.as_deref() == Some("outbound-api") && named.as_deref() == Some(sender.as_str())
    }
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<MessageResource>,
}

#[derive(Deserialize)]
struct Made {
    sid: String,
}

#[derive(Deserialize)]
struct Problem {
    code: Option<i64>,
}

impl Twilio {
    /// Sends it. One request reaches Twilio at most: another token is tried only after a 401, which takes nothing.
    pub async fn send_message(&self, message: NewMessage<'_>) -> Sent {
        match tokio::time::timeout(SEND_TIMEOUT, self.post_message(message)).await {
            Ok(sent) => sent,
            Err(_) => Sent::Unknown { status: None },
        }
    }

    async fn post_message(&self, message: NewMessage<'_>) -> Sent {
        let form = form(message);
        let url = self.api.messages();
        let answer = self
            .send(|| {
                self.client()
                    .post(url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.clone())
            })
            .await;
        match answer {
            Ok(response) => judge(response).await,
            Err(FetchError::Unreachable(_)) => Sent::NotSent { status: None },
            Err(FetchError::Refused(status)) => Sent::NotSent { status: Some(status) },
            Err(_) => Sent::Unknown { status: None },
        }
    }

    /// What Twilio has for that person since that day, as far as one page goes: that something is not there
    /// proves nothing, also because what is still queued may be missing.
    pub async fn messages(
        &self,
        to: &E164,
        sender: &Sender,
        since: NaiveDate,
    ) -> Result<Vec<MessageResource>, FetchError> {
        let mut url = self.api.messages();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("To", to.as_str());
            if !matches!(sender, Sender::Service(_)) {
                query.append_pair("From", sender.as_str());
            }
            query.append_pair("DateSent>", &since.to_string()).append_pair("PageSize", PAGE);
        }
        let response = self.send(|| self.client().get(url.clone()).timeout(SEND_TIMEOUT)).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Refused(response.status()));
        }
        let body = limited(response, MAX_LIST).await?;
        let page: Page = serde_json::from_slice(&body).map_err(FetchError::Unreadable)?;
        Ok(page.messages)
    }
}

fn form(message: NewMessage<'_>) -> String {
    let sender = match message.sender {
        Sender::Service(_) => "MessagingServiceSid",
        Sender::Number(_) | Sender::Name(_) => "From",
    };
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("To", message.to.as_str())
        .append_pair(sender, message.sender.as_str())
        .append_pair("Body", message.body)
        .append_pair("StatusCallback", message.status_callback.as_str())
        .finish()
}

async fn judge(response: Response) -> Sent {
    let status = response.status();
    let unknown = Sent::Unknown { status: Some(status) };
    match status {
        StatusCode::TOO_MANY_REQUESTS => Sent::NotSent { status: Some(status) },
        // A proxy's words about time, not Twilio's about the message.
        StatusCode::REQUEST_TIMEOUT => unknown,
        _ if status.is_client_error() => {
            let code = limited(response, MAX_MESSAGE)
                .await
                .ok()
                .and_then(|body| serde_json::from_slice::<Problem>(&body).ok())
                .and_then(|problem| problem.code);
            Sent::Refused { status, code }
        }
        _ if status.is_success() => match limited(response, MAX_MESSAGE).await {
            Ok(body) => {
                serde_json::from_slice::<Made>(&body).map_or(unknown, |made| Sent::Accepted { sid: made.sid })
            }
            Err(_) => unknown,
        },
        _ => unknown,
    }
}

async fn limited(mut response: Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| FetchError::Broken(error.without_url()))? {
        body.extend_from_slice(&part);
        if body.len() > limit {
            return Err(FetchError::TooLarge(limit as u64));
        }
    }
    Ok(body)
}
