//! The public address, asked as Twilio asks it: a signed request must be believed, and one
//! that was changed on its way refused.
//!
//! The question names no call, so the ingress refuses it (400) once it has checked signature
//! and account: nothing is kept, no row is made.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use prosaas_platform::{clock::SharedClock, config::TwilioConfig};
use reqwest::{Client, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use url::{Url, form_urlencoded::Serializer};

use super::{
    clock::{Reading, Seen},
    finding::{Area, Finding},
};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("public address");
const SIGNED: &str = "a signed webhook";
const TAMPERED: &str = "a tampered webhook";

/// Where Twilio reports a call.
pub const INCOMING_CALL: &str = "/webhook/incoming_call";

/// What an answer says, as far as it tells who gave it.
struct Answer {
    status: StatusCode,
    /// The problem's type, where the ingress refused.
    problem: Option<String>,
    /// Whether it is TwiML.
    twiml: bool,
}

/// Asks twice.
pub async fn check(client: &Client, config: &DoctorConfig, clock: &SharedClock) -> Seen {
    let (url, twilio) = match (&config.public_url, &config.twilio) {
        (Ok(url), Ok(twilio)) => (at(url, INCOMING_CALL), twilio),
        (Err(error), _) | (_, Err(error)) => {
            return (vec![AREA.skipped(SIGNED, error), AREA.skipped(TAMPERED, error)], None);
        }
    };
    let form = [("AccountSid", twilio.account_sid.as_str()), ("ApiVersion", "2010-04-01")];
    let signature = signature(twilio, url.as_str(), &form);
    let asked = clock.now();
    let (answer, date) = match ask(client, &url, &form, &signature).await {
        Ok(answered) => answered,
        Err(error) => {
            let finding = AREA.broken(
                SIGNED,
                format!("no answer: {}", chain(&error)),
                "see that PUBLIC_URL's name leads to this server, port 443 is open and its certificate is valid",
            );
            return (vec![finding, AREA.skipped(TAMPERED, "the address does not answer")], None);
        }
    };
    let reading = Reading::of_header("the public address", &date, asked, clock.now());
    let mut findings = vec![signed(&answer)];
    let changed = [form[0], ("ApiVersion", "2010-04-02")];
    findings.push(match ask(client, &url, &changed, &signature).await {
        Ok((answer, _)) => tampered(&answer),
        Err(error) => AREA.skipped(TAMPERED, format!("no answer: {}", chain(&error))),
    });
    (findings, reading)
}

/// The address of a webhook: nothing of `PUBLIC_URL` counts but scheme, host and port.
pub fn at(public_url: &Url, path: &str) -> Url {
    let mut url = public_url.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// As <https://www.twilio.com/docs/usage/webhooks/webhooks-security> has it. The form's names
/// are in their order already.
fn signature(twilio: &TwilioConfig, url: &str, form: &[(&str, &str)]) -> String {
    let token = twilio.auth_tokens.first().map(SecretString::expose_secret).unwrap_or_default();
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return String::new() };
    mac.update(url.as_bytes());
    for (name, value) in form {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

async fn ask(
    client: &Client,
    url: &Url,
    form: &[(&str, &str)],
    signature: &str,
) -> Result<(Answer, header::HeaderMap), reqwest::Error> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let response = client
        .post(url.clone())
        .header("X-Twilio-Signature", signature)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=UTF-8")
        .body(body)
        .send()
        .await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await?;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let problem = document.get("type").and_then(serde_json::Value::as_str).map(str::to_owned);
    Ok((Answer { status, problem, twiml: text.contains("<Response") }, headers))
}

fn signed(answer: &Answer) -> Finding {
    let status = answer.status.as_u16();
    match (status, answer.problem.as_deref()) {
        (400, Some("/problems/parameter")) => AREA.ok(SIGNED, "believed"),
        (403, Some("/problems/signature")) => AREA.broken(
            SIGNED,
            "the ingress takes it for forged",
            "give nginx its proxies (nginx/trusted-proxies.conf) and the backend the PUBLIC_URL and \
             TWILIO_AUTH_TOKEN that stand here: `docker compose up -d`",
        ),
        (403, Some("/problems/account")) => AREA.broken(
            SIGNED,
            "the ingress has another account",
            "start the backend with the TWILIO_ACCOUNT_SID that stands here: `docker compose up -d backend`",
        ),
        (200, _) if answer.twiml => AREA.broken(
            SIGNED,
            "nginx answered callers by itself",
            "the backend is away: see `docker logs prosaas-backend`",
        ),
        (300..=399, _) => AREA.broken(
            SIGNED,
            format!("it redirects ({status}), and Twilio's form is lost on the way"),
            "set PUBLIC_URL to the address that answers itself, and take redirects of /webhook/* away",
        ),
        (401 | 403 | 429 | 503, None) => AREA.broken(
            SIGNED,
            format!("something before the ingress refuses it ({status})"),
            "make a rule at Cloudflare that skips bot checks, challenges and rate limits for /webhook/*",
        ),
        _ => AREA.broken(
            SIGNED,
            format!("another answer than ours ({status})"),
            "set PUBLIC_URL to the address under which nginx of this deployment is reached",
        ),
    }
}

fn tampered(answer: &Answer) -> Finding {
    match (answer.status.as_u16(), answer.problem.as_deref()) {
        (403, Some("/problems/signature")) => AREA.ok(TAMPERED, "refused"),
        (400, Some("/problems/parameter")) => AREA.broken(
            TAMPERED,
            "believed: anybody can forge calls",
            "take VALIDATE_TWILIO_SIGNATURE=false out of the backend's settings and start it again",
        ),
        (status, _) => AREA.skipped(TAMPERED, format!("the answer is not the ingress's ({status})")),
    }
}

/// An error and its causes, without addresses.
pub fn chain(error: &reqwest::Error) -> String {
    let mut told = if error.is_timeout() { "not in time".to_owned() } else { "out of reach".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        told = format!("{told}: {next}");
        cause = next.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome;

    fn answer(status: u16, problem: Option<&str>, twiml: bool) -> Answer {
        Answer { status: StatusCode::from_u16(status).unwrap(), problem: problem.map(str::to_owned), twiml }
    }

    #[test]
    fn who_answered_is_told_apart() {
        for (status, problem, twiml, outcome, words) in [
            (400, Some("/problems/parameter"), false, Outcome::Ok, "believed"),
            (403, Some("/problems/signature"), false, Outcome::Broken, "forged"),
            (403, Some("/problems/account"), false, Outcome::Broken, "another account"),
            (200, None, true, Outcome::Broken, "nginx"),
            (301, None, false, Outcome::Broken, "redirects"),
            (403, None, false, Outcome::Broken, "before the ingress"),
            (404, None, false, Outcome::Broken, "another answer"),
            (200, None, false, Outcome::Broken, "another answer"),
        ] {
            let finding = signed(&answer(status, problem, twiml));
            assert_eq!(finding.outcome, outcome, "{finding:?}");
            assert!(finding.found.contains(words), "{finding:?}");
        }
        assert_eq!(tampered(&answer(403, Some("/problems/signature"), false)).outcome, Outcome::Ok);
        assert_eq!(tampered(&answer(400, Some("/problems/parameter"), false)).outcome, Outcome::Broken);
        assert_eq!(tampered(&answer(403, None, false)).outcome, Outcome::Skipped);
    }

    #[test]
    fn only_the_origin_of_the_public_url_counts() {
        let url: Url = "https://prosaas.pro:8443/ignored?x#y".parse().unwrap();
        assert_eq!(at(&url, INCOMING_CALL).as_str(), "https://prosaas.pro:8443/webhook/incoming_call");
    }
}
