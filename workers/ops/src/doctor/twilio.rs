//! Twilio's API: whether it takes our credentials, and how the numbers are set.

use std::collections::BTreeSet;

use prosaas_domain::phone::E164;
use prosaas_platform::{clock::SharedClock, config::TwilioConfig};
use reqwest::{Client, StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use super::{
    clock::{Reading, Seen},
    finding::{Finding, Outcome},
    number::{self, AREA},
    public_url::chain,
};
use crate::doctor::config::DoctorConfig;

const CREDENTIALS: &str = "credentials";
const NUMBERS: &str = "numbers";

/// Version of the API that the paths name.
const VERSION: &str = "2010-04-01";

#[derive(Debug, Deserialize)]
struct Account {
    status: String,
}

#[derive(Debug, Deserialize)]
struct Numbers {
    incoming_phone_numbers: Vec<number::Settings>,
}

/// Why Twilio told nothing.
enum Silence {
    OutOfReach(String),
    Refused(StatusCode),
    Unreadable,
}

/// Twilio's API for one account and token.
struct Api<'a> {
    client: &'a Client,
    base: &'a Url,
    account: &'a str,
    token: &'a SecretString,
}

/// Asks about the account and each number.
pub async fn check(
    client: &Client,
    config: &DoctorConfig,
    clock: &SharedClock,
    numbers: &BTreeSet<E164>,
) -> Seen {
    let (base, twilio) = match (&config.twilio_api_base, &config.twilio) {
        (Ok(base), Ok(twilio)) => (base, twilio),
        (Err(error), _) | (_, Err(error)) => {
            return (vec![AREA.skipped(CREDENTIALS, error), AREA.skipped(NUMBERS, error)], None);
        }
    };
    let (mut findings, reading) = credentials(client, base, twilio, clock).await;
    let let_in = findings.first().is_some_and(|finding| finding.outcome == Outcome::Ok);
    let Some(token) = twilio.auth_tokens.first().filter(|_| let_in) else {
        findings.push(AREA.skipped(NUMBERS, "Twilio's API does not let us in"));
        return (findings, reading);
    };
    if numbers.is_empty() {
        findings.push(
            AREA.skipped(NUMBERS, "there is none: TWILIO_PHONE_NUMBER is not set, no business has one"),
        );
    }
    let api = Api { client, base, account: twilio.account_sid.as_str(), token };
    for number in numbers {
        findings.extend(of_number(&api, number, config).await);
    }
    (findings, reading)
}

/// Each token; the first must be taken, for it is the one that stays.
async fn credentials(
    client: &Client,
    base: &Url,
    twilio: &TwilioConfig,
    clock: &SharedClock,
) -> (Vec<Finding>, Option<Reading>) {
    let (mut findings, mut reading) = (Vec::new(), None);
    for (index, token) in twilio.auth_tokens.iter().enumerate() {
        let api = Api { client, base, account: twilio.account_sid.as_str(), token };
        let asked = clock.now();
        let answer = api.get::<Account>(&[], None).await;
        if let Ok((_, headers)) = &answer {
            reading = reading.or_else(|| Reading::of_header("Twilio", headers, asked, clock.now()));
        }
        findings.push(if index == 0 {
            first_token(answer.map(|(account, _)| account))
        } else {
            spare(&answer)
        });
    }
    (findings, reading)
}

fn first_token(answer: Result<Account, Silence>) -> Finding {
    match answer {
        Ok(account) if account.status == "active" => AREA.ok(CREDENTIALS, "taken, the account is active"),
        Ok(account) => AREA.broken(
            CREDENTIALS,
            format!("the account is {}", account.status),
            "see Twilio's console why the account takes no calls",
        ),
        Err(Silence::Refused(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)) => {
            AREA.broken(
                CREDENTIALS,
                "not taken",
                "copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN from Twilio's console",
            )
        }
        Err(Silence::Refused(StatusCode::NOT_IMPLEMENTED)) => {
            AREA.skipped(CREDENTIALS, "TWILIO_API_BASE is a stand-in, which knows no account")
        }
        Err(silence) => told(CREDENTIALS, &silence),
    }
}

fn spare(answer: &Result<(Account, HeaderMap), Silence>) -> Finding {
    const CHECK: &str = "the second token";
    match answer {
        Ok(_) => AREA.ok(CHECK, "taken"),
        Err(_) => {
            AREA.advice(CHECK, "not taken", "take it out of TWILIO_AUTH_TOKEN once the rotation is over")
        }
    }
}

async fn of_number(api: &Api<'_>, number: &E164, config: &DoctorConfig) -> Vec<Finding> {
    let check = format!("number {number}");
    let answer = api.get::<Numbers>(&["IncomingPhoneNumbers"], Some(number)).await;
    let held = match answer {
        Ok((held, _)) => held.incoming_phone_numbers,
        Err(silence) => return vec![told(&check, &silence)],
    };
    match (held.iter().find(|held| held.phone_number == number.as_str()), &config.public_url) {
        (Some(settings), Ok(public_url)) => number::check(&check, settings, public_url),
        (Some(_), Err(error)) => vec![AREA.skipped(check, error)],
        (None, _) => vec![AREA.broken(
            check,
            "the account has no such number",
            "buy it or move it to this account, or correct it in the business's settings and TWILIO_PHONE_NUMBER",
        )],
    }
}

fn told(check: &str, silence: &Silence) -> Finding {
    match silence {
        Silence::OutOfReach(why) => AREA.broken(
            check,
            why.clone(),
            "let this server reach TWILIO_API_BASE (https://api.twilio.com): name resolution, firewall, proxy",
        ),
        Silence::Refused(status) => AREA.broken(
            check,
            format!("Twilio's API answered {status}"),
            "try again later, and see https://status.twilio.com",
        ),
        Silence::Unreadable => AREA.broken(
            check,
            "the answer is not Twilio's",
            "set TWILIO_API_BASE to Twilio's API, or take it out",
        ),
    }
}

impl Api<'_> {
    /// `…/Accounts/{account}[/{under}].json`.
    async fn get<T: DeserializeOwned>(
        &self,
        under: &[&str],
        number: Option<&E164>,
    ) -> Result<(T, HeaderMap), Silence> {
        let mut url = self.base.clone();
        url.set_query(None);
        let mut names = vec![VERSION, "Accounts", self.account];
        names.extend(under);
        let last = format!("{}.json", names.pop().unwrap_or_default());
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(names).push(&last);
        }
        if let Some(number) = number {
            url.query_pairs_mut().append_pair("PhoneNumber", number.as_str());
        }
        let asked =
            self.client.get(url).basic_auth(self.account, Some(self.token.expose_secret())).send().await;
        let response = asked.map_err(|error| Silence::OutOfReach(chain(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(Silence::Refused(response.status()));
        }
        let headers = response.headers().clone();
        Ok((response.json().await.map_err(|_| Silence::Unreadable)?, headers))
    }
}
