//! Where recordings and calls lie at Twilio. The address is built from our own settings;
//! the one in an event is only compared, so that a forged one makes us ask nobody.

use prosaas_domain::ids::{AccountSid, CallSid, RecordingSid};
use url::Url;

/// Version of Twilio's REST API that the paths name.
const VERSION: &str = "2010-04-01";

/// An event's address of a recording is not what Twilio sends us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// No URL.
    #[error("the recording's address is no URL")]
    NoUrl,
    /// Neither Twilio's host nor the one of `TWILIO_API_BASE`.
    #[error("the recording's address is not at Twilio")]
    Host,
    /// Another account.
    #[error("the recording belongs to another account")]
    Account,
    /// Another resource.
    #[error("the recording's address names another resource")]
    Resource,
}

/// Twilio's REST API for our account.
#[derive(Debug, Clone)]
pub struct Api {
    /// `TWILIO_API_BASE`.
    pub base: Url,
    /// Our account.
    pub account: AccountSid,
}

impl Api {
    /// The media as MP3 (32 kbit/s a channel), in one or two channels.
    pub fn media(&self, recording: &RecordingSid, channels: u8) -> Url {
        let mut url = self.resource("Recordings", &format!("{recording}.mp3"));
        if channels == 2 {
            url.set_query(Some("RequestedChannels=2"));
        }
        url
    }

    /// The recording itself, to delete it.
    pub fn recording(&self, recording: &RecordingSid) -> Url {
        self.resource("Recordings", &format!("{recording}.json"))
    }

    /// A call.
    pub fn call(&self, call: &CallSid) -> Url {
        self.resource("Calls", &format!("{call}.json"))
    }

    /// The text messages.
    pub fn messages(&self) -> Url {
        self.at(&["Messages.json"])
    }

    fn resource(&self, kind: &str, last: &str) -> Url {
        self.at(&[kind, last])
    }

    fn at(&self, rest: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([VERSION, "Accounts", self.account.as_str()]).extend(rest);
        }
        url
    }

    /// Whether an event's address is the recording's own.
    pub fn check(
        &self,
        claimed: &str,
        account: Option<&AccountSid>,
        recording: &RecordingSid,
    ) -> Result<(), Forged> {
        if account.is_some_and(|account| *account != self.account) {
            return Err(Forged::Account);
        }
        let url = Url::parse(claimed).map_err(|_| Forged::NoUrl)?;
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !anonymous || !(is_twilio(&url) || url.origin() == self.base.origin()) {
            return Err(Forged::Host);
        }
        let resource = self.resource("Recordings", recording.as_str());
        let path = |url: &Url| -> Vec<String> {
            url.path_segments().map(|parts| parts.map(str::to_owned).collect()).unwrap_or_default()
        };
        // Twilio's own addresses have no prefix, whatever our base has.
        let wanted = [VERSION, "Accounts", self.account.as_str(), "Recordings"];
        let mut found = path(&url);
        let last = found.pop().unwrap_or_default();
        let last = last
            .rsplit_once('.')
            .filter(|(_, ext)| ["mp3", "wav", "json"].contains(ext))
            .map_or(last.as_str(), |(name, _)| name);
        let mut ours = path(&resource);
        ours.pop();
        if last != recording.as_str() {
            return Err(Forged::Resource);
        }
        if found == wanted || found == ours { Ok(()) } else { Err(Forged::Account) }
    }
}

fn is_twilio(url: &Url) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| host == "api.twilio.com" || regional(host))
}

/// `api.<edge>.<region>.twilio.com` and `api.<region>.twilio.com`.
fn regional(host: &str) -> bool {
    host.strip_prefix("api.").and_then(|rest| rest.strip_suffix(".twilio.com")).is_some_and(|middle| {
        middle.split('.').count() <= 2
            && middle.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(base: &str) -> anyhow::Result<Api> {
        Ok(Api { base: base.parse()?, account: "AC1".parse()? })
    }

    #[test]
    fn the_address_is_built_from_our_settings() -> anyhow::Result<()> {
        let recording = "RE1".parse()?;
        let api = api("http://127.0.0.1:9/twilio/?x=1#y")?;
        let path = "http://127.0.0.1:9/twilio/2010-04-01/Accounts/AC1/Recordings/RE1";
        assert_eq!(api.media(&recording, 1).as_str(), format!("{path}.mp3"));
        assert_eq!(api.media(&recording, 2).as_str(), format!("{path}.mp3?RequestedChannels=2"));
        assert_eq!(api.recording(&recording).as_str(), format!("{path}.json"));
        let call = "http://127.0.0.1:9/twilio/2010-04-01/Accounts/AC1/Calls/CA1.json";
        assert_eq!(api.call(&"CA1".parse()?).as_str(), call);
        let messages = "http://127.0.0.1:9/twilio/2010-04-01/Accounts/AC1/Messages.json";
        assert_eq!(api.messages().as_str(), messages);
        Ok(())
    }

    #[test]
    fn only_our_own_recording_at_twilio_passes() -> anyhow::Result<()> {
        let api = api("http://127.0.0.1:9")?;
        let recording = "RE1".parse()?;
        let at = |host: &str, rest: &str| format!("{host}/2010-04-01/Accounts/{rest}");
        for good in [
            at("https://api.twilio.com", "AC1/Recordings/RE1"),
            at("https://api.twilio.com", "AC1/Recordings/RE1.mp3"),
            at("https://api.ie1.twilio.com", "AC1/Recordings/RE1"),
            at("https://api.dublin.ie1.twilio.com", "AC1/Recordings/RE1.wav"),
            at("http://127.0.0.1:9", "AC1/Recordings/RE1"),
        ] {
            assert_eq!(api.check(&good, None, &recording), Ok(()), "{good}");
        }
        for (bad, why) in [
            (String::new(), Forged::NoUrl),
            (at("http://169.254.169.254", "AC1/Recordings/RE1"), Forged::Host),
            (at("http://api.twilio.com", "AC1/Recordings/RE1"), Forged::Host),
            (at("https://api.twilio.com:8443", "AC1/Recordings/RE1"), Forged::Host),
            (at("https://api.twilio.com.evil.example", "AC1/Recordings/RE1"), Forged::Host),
            (at("https://api.evil.example/.twilio.com", "AC1/Recordings/RE1"), Forged::Host),
            (at("https://a:b@api.twilio.com", "AC1/Recordings/RE1"), Forged::Host),
            (at("http://127.0.0.1:10", "AC1/Recordings/RE1"), Forged::Host),
            (at("https://api.twilio.com", "AC2/Recordings/RE1"), Forged::Account),
            (at("https://api.twilio.com", "AC1/../AC2/Recordings/RE1"), Forged::Account),
            (at("https://api.twilio.com", "AC1/Recordings/RE2"), Forged::Resource),
            (at("https://api.twilio.com", "AC1/Recordings/RE1/Transcriptions"), Forged::Resource),
        ] {
            assert_eq!(api.check(&bad, None, &recording), Err(why), "{bad}");
        }
        let good = at("https://api.twilio.com", "AC1/Recordings/RE1");
        assert_eq!(api.check(&good, Some(&"AC2".parse()?), &recording), Err(Forged::Account));
        Ok(())
    }
}
