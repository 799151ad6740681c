//! A webhook request that proved to be Twilio's.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequest, Request},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, header, request::Parts};
use prosaas_domain::ids::{AccountSid, BusinessId, CallSid, UserId};
use prosaas_events::call;
use prosaas_platform::telemetry::TraceParent;
use prosaas_twilio::{self as twilio, Params, RequestParts, SignatureHeaders, candidate_urls};

use super::refusal::Refusal;
use crate::{
    answer::Caller, http::connections::is_too_slow, services::call_directory::Directory, state::App,
};

/// Largest body that is read, bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Parameters whose signature and account were checked.
#[derive(Debug)]
pub struct TwilioRequest {
    /// All parameters, in the order in which they came.
    pub params: Params,
    /// Our account; absent only where validation is off.
    pub account_sid: Option<AccountSid>,
    /// The call that it is about.
    pub call_sid: CallSid,
    /// What the address holds that we gave Twilio.
    address: Params,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The trace that it begins or continues.
    pub trace: TraceParent,
}

/// What the body is, by its content type.
enum Payload {
    Form(Bytes),
    Json(Bytes),
    Empty,
}

impl FromRequest<App> for TwilioRequest {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let payload = read_payload(&parts.headers, body).await?;
        let params = read_params(&parts, &payload)?;
        if app.validate_signatures {
            verify(app, &parts, &params, &payload)?;
        }
        Ok(Self {
            account_sid: check_account(app, &params)?,
            call_sid: sid(&params, "CallSid")?,
            address: twilio::parse_query(parts.uri.query().unwrap_or_default()).unwrap_or_default(),
            received_at: app.clock.now(),
            trace: trace_of(&parts.headers),
            params,
        })
    }
}

/// A parameter that must be there and fit its type.
pub fn sid<T: std::str::FromStr>(params: &Params, name: &'static str) -> Result<T, Refusal> {
    params.get(name).and_then(|text| text.parse().ok()).ok_or(Refusal::Parameter(name))
}

impl TwilioRequest {
    /// A parameter; a blank one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.get(name).filter(|value| !value.is_empty())
    }

    /// A parameter as owned text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A parameter as a type; one that does not fit counts as absent, because
    /// Twilio changes what it sends without notice.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// A parameter that we put into the address ourselves, in the TwiML that led here. The signature covers it.
    pub fn ours(&self, name: &str) -> Option<&str> {
        self.address.get(name)
    }

    /// The business of the call, where the request's numbers tell: the direction decides which of
    /// them is ours. Those of the leg of a forwarded call are other people's; its business is that
    /// call's, which only the worker knows.
    pub fn business(&self, directory: &Directory) -> Option<BusinessId> {
        let outbound = call::is_outbound(self.get("Direction"));
        if outbound && self.get("ParentCallSid").is_some() {
            return None;
        }
        let ours = self.get(if outbound { "From" } else { "To" })?;
        directory.by_number(ours).map(|business| business.config.business_id)
    }

    /// The person of the business who was rung, where our address names one.
    pub fn person(&self) -> Option<UserId> {
        self.ours("user")?.parse().ok()
    }

    /// Who calls whom.
    pub fn caller(&self) -> Caller<'_> {
        Caller { from: self.get("From").unwrap_or_default(), to: self.get("To").unwrap_or_default() }
    }

    /// Who raised the event: `/twilio/AC…`.
    pub fn source(&self) -> String {
        self.account_sid
            .as_ref()
            .map_or_else(|| "/twilio/unverified".to_owned(), |sid| format!("/twilio/{sid}"))
    }
}

async fn read_payload(headers: &HeaderMap, body: Body) -> Result<Payload, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(Refusal::TooLarge);
    }
    let bytes = axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let limit =
            std::error::Error::source(&error).is_some_and(|cause| cause.to_string().contains("length limit"));
        if limit {
            Refusal::TooLarge
        } else if is_too_slow(&error) {
            Refusal::TooSlow
        } else {
            Refusal::Incomplete
        }
    })?;
    if bytes.is_empty() {
        return Ok(Payload::Empty);
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Payload::Form(bytes))
    } else if essence.eq_ignore_ascii_case("application/json") {
        Ok(Payload::Json(bytes))
    } else {
        Err(Refusal::ContentType)
    }
}

fn read_params(parts: &Parts, payload: &Payload) -> Result<Params, Refusal> {
    Ok(match payload {
        Payload::Form(bytes) => twilio::parse_form(bytes)?,
        Payload::Json(bytes) => twilio::parse_json(bytes)?,
        Payload::Empty => twilio::parse_query(parts.uri.query().unwrap_or_default())?,
    })
}

fn verify(app: &App, parts: &Parts, params: &Params, payload: &Payload) -> Result<(), Refusal> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Some(peer) = peer else { return Err(twilio::SignatureError::Wrong.into()) };
    let urls = candidate_urls(
        &RequestParts::new(peer, &parts.uri, &parts.headers),
        &app.trusted_proxies,
        &app.public_url,
    );
    let body = match payload {
        Payload::Form(_) => twilio::Body::Form(params),
        Payload::Json(bytes) => twilio::Body::Json(bytes),
        Payload::Empty => twilio::Body::None,
    };
    Ok(app.validator.verify(&urls, body, SignatureHeaders::new(&parts.headers))?)
}

/// With validation on, only our own account counts; with it off, whatever is sent.
fn check_account(app: &App, params: &Params) -> Result<Option<AccountSid>, Refusal> {
    let account = params.get("AccountSid").filter(|text| !text.is_empty());
    match account {
        Some(text) if text == app.account_sid.as_str() => Ok(Some(app.account_sid.clone())),
        Some(_) if app.validate_signatures => Err(Refusal::Account),
        None if app.validate_signatures => Err(Refusal::Parameter("AccountSid")),
        Some(text) => text.parse().map(Some).map_err(|_| Refusal::Parameter("AccountSid")),
        None => Ok(None),
    }
}

fn trace_of(headers: &HeaderMap) -> TraceParent {
    TraceParent::of(&tracing::Span::current())
        .or_else(|| TraceParent::parse(headers.get("traceparent")?.to_str().ok()?))
        .unwrap_or_else(TraceParent::random)
}

#[cfg(test)]
mod tests {
    use prosaas_domain::{
        call_config::{CallConfig, CallSettings},
        phone::E164,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_direction_decides_whose_number_is_ours() -> anyhow::Result<()> {
        let business = |id: u128, number: &str| -> anyhow::Result<CallConfig> {
            Ok(CallConfig {
                business_id: Uuid::from_u128(id).into(),
                business_name: String::new(),
                numbers: vec![E164::parse(number)?],
                time_zone: chrono_tz::Asia::Jerusalem,
                people: Vec::new(),
                revision: 1,
                settings: CallSettings::default(),
            })
        };
        let directory = Directory::of([business(1, "+97231111111")?, business(2, "+97232222222")?]);
        let both = "From=%2B97231111111&To=%2B97232222222";
        for (more, wanted) in [
            ("", Some(2)),
            ("&Direction=inbound", Some(2)),
            ("&Direction=inbound&ParentCallSid=CA2", Some(2)),
            ("&Direction=outbound-api", Some(1)),
            ("&Direction=outbound-dial&ParentCallSid=CA2", None),
        ] {
            let request = TwilioRequest {
                params: twilio::parse_form(format!("{both}{more}").as_bytes())?,
                account_sid: None,
                call_sid: "CA1".parse()?,
                address: Params::default(),
                received_at: DateTime::UNIX_EPOCH,
                trace: TraceParent::random(),
            };
            let business = request.business(&directory).map(|business| business.0.as_u128());
            assert_eq!(business, wanted, "{more}");
        }
        Ok(())
    }
}
