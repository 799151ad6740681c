//! Secrets: set, long enough, no example's, and no two alike. None is ever printed.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use prosaas_accounts::password;
use prosaas_platform::config::looks_like_an_example;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::finding::{Area, Finding};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("secrets");

/// Shortest password of a server of ours, characters.
const MIN_PASSWORD: usize = 16;
/// Characters of Twilio's tokens; also the least of `INTERNAL_SECRET`.
const TOKEN: usize = 32;
/// Bytes of the key that seals WhatsApp's credentials.
const KEY: usize = 32;

/// Looks at each, and then at each beside the others.
pub fn check(config: &DoctorConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut held: Vec<(&'static str, String)> = Vec::new();
    for secret in &config.secrets {
        match &secret.value {
            Ok(Some(value)) => {
                if let Some((found, fix)) = unfit(secret.variable, value, config) {
                    findings.push(AREA.broken(secret.variable, found, fix));
                }
                held.extend(parts(secret.variable, value).map(|part| (secret.variable, part.to_owned())));
            }
            Ok(None) if secret.required => findings.push(AREA.broken(
                secret.variable,
                "not set",
                format!("set {} in .env.production (see .env.production.example)", secret.variable),
            )),
            Ok(None) => {}
            Err(error) => findings.push(AREA.broken(
                secret.variable,
                error.problem.clone(),
                format!("choose a value for {} (see .env.production.example)", error.variable),
            )),
        }
    }
    findings.extend(alike(&held, database_password(config)));
    if findings.is_empty() {
        findings.push(match held.len() {
            0 => AREA.skipped("all", "none is set here"),
            count => AREA.ok("all", format!("{count} are long enough, no example's, and differ")),
        });
    }
    findings
}

/// Two stand with a comma between while they are rotated.
fn parts<'a>(variable: &str, value: &'a SecretString) -> impl Iterator<Item = &'a str> {
    let rotated = matches!(variable, "TWILIO_AUTH_TOKEN" | "BAILEYS_ENCRYPTION_KEY");
    let text = value.expose_secret();
    let pieces: Vec<&str> = if rotated { text.split(',').collect() } else { vec![text] };
    pieces.into_iter().map(str::trim).filter(|part| !part.is_empty())
}

/// What is wrong with a secret by itself, and what to do.
fn unfit(variable: &str, value: &SecretString, config: &DoctorConfig) -> Option<(String, &'static str)> {
    let mut pieces = parts(variable, value);
    match variable {
        "TWILIO_AUTH_TOKEN" => pieces.any(|token| token.chars().count() < TOKEN).then(|| {
            ("shorter than Twilio's tokens".to_owned(), "copy the Auth Token from Twilio's console")
        }),
        "BAILEYS_ENCRYPTION_KEY" => pieces
            .any(|text| key(text).is_none())
            .then(|| ("not 32 bytes in base64 or hex".to_owned(), "make one: `openssl rand -base64 32`")),
        "ADMIN_PASSWORD" => {
            let email = config.admin_email.clone().ok().flatten().unwrap_or_default();
            let unfit = password::check(value, email.trim(), "").err()?;
            Some((unfit.to_string(), "choose another first password, or take it out after the first login"))
        }
        _ => not_random(variable, value.expose_secret())
            .map(|found| (found, "make a random one: `echo \"p$(openssl rand -hex 24)\"`")),
    }
}

/// Why a secret of our own making is none.
fn not_random(variable: &str, text: &str) -> Option<String> {
    let least = if variable == "INTERNAL_SECRET" { TOKEN } else { MIN_PASSWORD };
    if text.chars().count() < least {
        return Some(format!("shorter than {least} characters"));
    }
    if looks_like_an_example(text) {
        return Some("an example's, or not random".to_owned());
    }
    let misread = variable.starts_with("NATS_") && !nats_reads(text);
    misread.then(|| "nats-server would read it as something else".to_owned())
}

/// A key's bytes, as the WhatsApp service reads it: hex, or base64 of either alphabet, padded or not.
pub fn key(text: &str) -> Option<Vec<u8>> {
    let plain = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    [STANDARD_NO_PAD.decode(plain).ok(), hex::decode(text).ok()]
        .into_iter()
        .flatten()
        .find(|bytes| bytes.len() == KEY)
}

/// A letter first, then letters, digits, `_` and `-`: see nats/nats-server.conf.
fn nats_reads(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The password inside `DATABASE_URL`, as it stands there.
fn database_password(config: &DoctorConfig) -> Option<String> {
    let url: Url = config.database_url.as_ref().ok()?.expose_secret().parse().ok()?;
    url.password().filter(|password| !password.is_empty()).map(str::to_owned)
}

/// Each value that several have. The database's own password stands twice by its nature.
fn alike(held: &[(&'static str, String)], database: Option<String>) -> Vec<Finding> {
    let known = database.filter(|password| {
        !held.iter().any(|(variable, value)| *variable == "POSTGRES_PASSWORD" && value == password)
    });
    let mut all: Vec<(&str, &str)> =
        held.iter().map(|(variable, value)| (*variable, value.as_str())).collect();
    all.extend(known.as_deref().map(|password| ("DATABASE_URL", password)));
    let mut findings = Vec::new();
    for (index, (variable, value)) in all.iter().enumerate() {
        let first = all.iter().position(|(_, other)| other == value);
        if let Some((other, _)) = first.filter(|first| *first < index).and_then(|first| all.get(first)) {
            findings.push(AREA.broken(
                *variable,
                format!("the same as {other}"),
                format!("choose another value for {variable}: who learns one secret must not learn two"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use prosaas_platform::config::Env;

    use super::*;
    use crate::doctor::finding::Outcome;

    const GOOD: [(&str, &str); 9] = [
        ("TWILIO_AUTH_TOKEN", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        ("INTERNAL_SECRET", "5b1f0e7c9d2a48364e0b7a5f1c3d9e82"),
        ("BAILEYS_ENCRYPTION_KEY", "K34VFiiu0qar9xWICc9PPHYucWDzi02lanhNkEUZDP4="),
        ("NATS_INGRESS_PASSWORD", "p1d0f7a6c3b2e9d8f1"),
        ("NATS_WORKERS_PASSWORD", "p2d0f7a6c3b2e9d8f2"),
        ("NATS_OPS_PASSWORD", "p3d0f7a6c3b2e9d8f3"),
        ("NATS_SYS_PASSWORD", "p4d0f7a6c3b2e9d8f4"),
        ("POSTGRES_PASSWORD", "p5d0f7a6c3b2e9d8f5"),
        ("DATABASE_URL", "postgres://prosaas:p5d0f7a6c3b2e9d8f5@db/prosaas"),
    ];

    fn with(more: &[(&'static str, &'static str)]) -> Vec<Finding> {
        let env = Env::from_pairs(GOOD.iter().chain(more).copied());
        check(&DoctorConfig::from_env(&env).unwrap())
    }

    #[test]
    fn good_ones_are_good() {
        let findings = with(&[]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].outcome, Outcome::Ok);
        let rotated = "0f1e2d3c4b5a69788796a5b4c3d2e1f0, 00112233445566778899aabbccddeeff";
        assert_eq!(with(&[("TWILIO_AUTH_TOKEN", rotated)])[0].outcome, Outcome::Ok);
    }

    #[test]
    fn each_kind_of_bad_one_is_named_and_never_shown() {
        for (variable, value, wanted) in [
            ("TWILIO_AUTH_TOKEN", "0f1e2d3c", "shorter"),
            ("TWILIO_AUTH_TOKEN", "", "not set"),
            ("INTERNAL_SECRET", "5b1f0e7c9d2a4836", "shorter"),
            ("INTERNAL_SECRET", "change-me-please-0f1e2d3c4b5a6978", "example"),
            ("NATS_SYS_PASSWORD", "CHANGE-ME", "example"),
            ("NATS_SYS_PASSWORD", "aaaaaaaaaaaaaaaaaaaaa", "example"),
            ("NATS_SYS_PASSWORD", "4d0f7a6c3b2e9d8f4d0f", "read it as something else"),
            ("NATS_OPS_PASSWORD", "p1d0f7a6c3b2e9d8f1", "the same as NATS_INGRESS_PASSWORD"),
            ("BAILEYS_ENCRYPTION_KEY", "K34VFiiu0qar9xWICc9PPA==", "32 bytes"),
            ("ADMIN_PASSWORD", "password", "common"),
            ("ADMIN_PASSWORD", "p5d0f7a6c3b2e9d8f5", "the same as POSTGRES_PASSWORD"),
        ] {
            let findings = with(&[(variable, value)]);
            assert_eq!(findings.len(), 1, "{variable}: {findings:?}");
            let finding = &findings[0];
            assert_eq!((finding.outcome, finding.check.as_str()), (Outcome::Broken, variable), "{finding:?}");
            assert!(finding.found.contains(wanted), "{finding:?}");
            assert!(finding.fix.as_ref().is_some_and(|fix| !fix.is_empty()));
            assert!(value.is_empty() || value == "password" || !format!("{finding:?}").contains(value));
        }
        let database = ("DATABASE_URL", "postgres://u:p4d0f7a6c3b2e9d8f4@db/prosaas");
        let findings = with(&[database]);
        assert_eq!(findings[0].found, "the same as NATS_SYS_PASSWORD", "{findings:?}");
    }

    #[test]
    fn nothing_is_required_in_development() {
        let env = Env::from_pairs([("APP_ENV", "development")]);
        assert_eq!(check(&DoctorConfig::from_env(&env).unwrap())[0].outcome, Outcome::Skipped);
    }
}
