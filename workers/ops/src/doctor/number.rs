//! One number's webhooks, as Twilio holds them.

use serde::Deserialize;
use url::Url;

use super::{
    finding::{Area, Finding},
    public_url::{INCOMING_CALL, at},
};

/// The area of what Twilio tells.
pub const AREA: Area = Area("Twilio");

/// Where Twilio reports how a call stands.
const CALL_STATUS: &str = "/webhook/call_status";

/// What Twilio's API tells of a number
/// (<https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>). What is not
/// set is null or blank.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The number.
    pub phone_number: String,
    /// What Twilio asks when a call comes in.
    pub voice_url: Option<String>,
    /// How.
    pub voice_method: Option<String>,
    /// What it asks when that fails.
    pub voice_fallback_url: Option<String>,
    /// Where it reports.
    pub status_callback: Option<String>,
    /// How.
    pub status_callback_method: Option<String>,
    /// An application whose webhooks count instead.
    pub voice_application_sid: Option<String>,
    /// A SIP trunk that takes the calls instead.
    pub trunk_sid: Option<String>,
}

/// Compares with what this deployment needs.
pub fn check(check: &str, settings: &Settings, public_url: &Url) -> Vec<Finding> {
    let name = |what: &str| format!("{check}, {what}");
    if blank(settings.voice_application_sid.as_ref()).or(blank(settings.trunk_sid.as_ref())).is_some() {
        return vec![AREA.broken(
            name("voice"),
            "an application or a SIP trunk takes its calls, its own webhooks do not count",
            "in Twilio's console set the number's voice configuration to Webhook",
        )];
    }
    vec![
        webhook(
            name("voice"),
            settings.voice_url.as_ref(),
            &at(public_url, INCOMING_CALL),
            "a call comes in",
        ),
        webhook(
            name("status"),
            settings.status_callback.as_ref(),
            &at(public_url, CALL_STATUS),
            "call status changes",
        ),
        fallback(name("fallback"), settings.voice_fallback_url.as_ref(), public_url),
        methods(name("methods"), settings),
    ]
}

fn blank(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn webhook(check: String, held: Option<&String>, wanted: &Url, field: &str) -> Finding {
    let fix = format!("in Twilio's console set the number's \"{field}\" to {wanted}, POST");
    let Some(held) = blank(held) else { return AREA.broken(check, "not set", fix) };
    match held.parse::<Url>() {
        Ok(url) if leads_to(&url, wanted) => AREA.ok(check, "leads here"),
        Ok(url) => {
            // Its query may hold a secret of somebody's.
            let place = format!("{}{}", url.origin().ascii_serialization(), url.path());
            AREA.broken(check, format!("leads to {place}"), fix)
        }
        Err(_) => AREA.broken(check, "is no address", fix),
    }
}

/// Whether it is that webhook: with or without `www.` and a slash at the end, a query and
/// Twilio's own `#rc=…` are the owner's choice.
fn leads_to(held: &Url, wanted: &Url) -> bool {
    let host = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
    held.scheme() == wanted.scheme()
        && host(held) == host(wanted)
        && held.port_or_known_default() == wanted.port_or_known_default()
        && held.path().trim_end_matches('/') == wanted.path()
}

fn fallback(check: String, held: Option<&String>, public_url: &Url) -> Finding {
    const FIX: &str = "set \"primary handler fails\" to something that does not depend on this server, \
                       such as a TwiML Bin that takes a message";
    let Some(held) = blank(held) else {
        return AREA.broken(check, "not set: callers hear an error while nginx is replaced", FIX);
    };
    match held.parse::<Url>() {
        Ok(url) if url.host_str() == public_url.host_str() => {
            AREA.broken(check, "leads to this server, which is away when it is asked", FIX)
        }
        Ok(_) => AREA.ok(check, "leads elsewhere"),
        Err(_) => AREA.broken(check, "is no address", FIX),
    }
}

/// A GET works too, but puts callers' numbers into the logs of every proxy on the way.
fn methods(check: String, settings: &Settings) -> Finding {
    let is_get =
        |method: Option<&String>| blank(method).is_some_and(|method| !method.eq_ignore_ascii_case("POST"));
    if is_get(settings.voice_method.as_ref()) || is_get(settings.status_callback_method.as_ref()) {
        return AREA.advice(
            check,
            "GET, which puts callers' numbers into addresses",
            "in Twilio's console choose HTTP POST for both webhooks",
        );
    }
    AREA.ok(check, "POST")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Outcome::{self, Advice, Broken, Ok as Fine};

    fn good() -> Settings {
        let some = |text: &str| Some(text.to_owned());
        Settings {
            phone_number: "+972000000001".to_owned(),
            voice_url: some("https://prosaas.pro/webhook/incoming_call"),
            voice_method: some("POST"),
            voice_fallback_url: some("https://handler.twilio.com/twiml/EH1"),
            status_callback: some("https://prosaas.pro/webhook/call_status"),
            status_callback_method: some("POST"),
            voice_application_sid: some(""),
            trunk_sid: None,
        }
    }

    fn outcomes(settings: &Settings) -> Vec<Outcome> {
        let public_url: Url = "https://prosaas.pro".parse().unwrap();
        check("number", settings, &public_url).into_iter().map(|finding| finding.outcome).collect()
    }

    #[test]
    fn what_leads_here_is_fine() {
        assert_eq!(outcomes(&good()), [Fine; 4]);
        for url in [
            "https://www.prosaas.pro/webhook/incoming_call/",
            "https://prosaas.pro:443/webhook/incoming_call?x=1#rc=2&rp=5xx,ct,rt",
        ] {
            assert_eq!(outcomes(&Settings { voice_url: Some(url.to_owned()), ..good() }), [Fine; 4], "{url}");
        }
    }

    #[test]
    fn each_wrong_setting_is_told() {
        let none = None::<String>;
        let elsewhere = Some("https://demo.twilio.com/welcome/voice/".to_owned());
        let plain = Some("http://prosaas.pro/webhook/incoming_call".to_owned());
        let ours = Some("https://prosaas.pro/fallback".to_owned());
        for (settings, wanted) in [
            (Settings { voice_url: none.clone(), ..good() }, [Broken, Fine, Fine, Fine]),
            (Settings { voice_url: elsewhere.clone(), ..good() }, [Broken, Fine, Fine, Fine]),
            (Settings { voice_url: plain, ..good() }, [Broken, Fine, Fine, Fine]),
            (Settings { status_callback: Some(String::new()), ..good() }, [Fine, Broken, Fine, Fine]),
            (Settings { status_callback: elsewhere, ..good() }, [Fine, Broken, Fine, Fine]),
            (Settings { voice_fallback_url: none, ..good() }, [Fine, Fine, Broken, Fine]),
            (Settings { voice_fallback_url: ours, ..good() }, [Fine, Fine, Broken, Fine]),
            (Settings { voice_method: Some("GET".to_owned()), ..good() }, [Fine, Fine, Fine, Advice]),
        ] {
            assert_eq!(outcomes(&settings), wanted, "{settings:?}");
        }
        let app = Settings { voice_application_sid: Some("AP1".to_owned()), ..good() };
        assert_eq!(outcomes(&app), [Broken]);
    }
}
