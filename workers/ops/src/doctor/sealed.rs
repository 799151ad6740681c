//! By which key the WhatsApp service's rows are sealed: whether one of them is missing, and
//! whether an older one may go.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use sqlx::{FromRow, PgPool};

use super::{
    finding::{Area, Finding},
    secrets,
};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("WhatsApp service");
const CHECK: &str = "keys of its rows";
const VARIABLE: &str = "BAILEYS_ENCRYPTION_KEY";

/// Rows that one key has sealed.
#[derive(Debug, Clone, Copy, FromRow)]
struct Sealed {
    key_version: i32,
    rows: i64,
    sessions: i64,
}

/// Counts rows by key and compares with the keys that are set here.
pub async fn check(pool: &PgPool, config: &DoctorConfig) -> Finding {
    let counted = sqlx::query_as(
        "SELECT key_version, count(*) AS rows, count(DISTINCT session_id) AS sessions
         FROM (
             SELECT session_id, key_version FROM prosaas.whatsapp_credentials
             UNION ALL
             SELECT session_id, key_version FROM prosaas.whatsapp_keys
         ) AS sealed
         GROUP BY key_version ORDER BY key_version",
    )
    .fetch_all(pool)
    .await;
    match counted {
        Ok(counted) => judge(&held(config), &counted),
        Err(error) => AREA.skipped(CHECK, error),
    }
}

/// Fingerprints of the keys that are set, the one that seals first.
fn held(config: &DoctorConfig) -> Vec<i32> {
    let secret = config.secrets.iter().find(|secret| secret.variable == VARIABLE);
    let value: Option<&SecretString> = secret.and_then(|secret| secret.value.as_ref().ok()?.as_ref());
    let text = value.map(SecretString::expose_secret).unwrap_or_default();
    text.split(',').filter_map(|key| fingerprint(&secrets::key(key.trim())?)).collect()
}

/// As `baileys/src/store/crypto.ts` has it: 31 bits.
fn fingerprint(key: &[u8]) -> Option<i32> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"prosaas key version");
    let digest = mac.finalize().into_bytes();
    let first: [u8; 4] = digest.get(..4)?.try_into().ok()?;
    i32::try_from(u32::from_be_bytes(first) >> 1).ok()
}

fn judge(held: &[i32], counted: &[Sealed]) -> Finding {
    let Some((first, older)) = held.split_first() else {
        return match counted {
            [] => AREA.ok(CHECK, "no row yet"),
            _ => AREA.skipped(CHECK, format!("{VARIABLE} is not set here")),
        };
    };
    let rows =
        |key: i32| counted.iter().find(|sealed| sealed.key_version == key).map_or(0, |sealed| sealed.rows);
    if let Some(missing) = counted.iter().find(|sealed| !held.contains(&sealed.key_version)) {
        return AREA.broken(
            CHECK,
            format!(
                "{} rows of {} sessions are sealed by key {}, which {VARIABLE} does not hold",
                missing.rows, missing.sessions, missing.key_version
            ),
            format!("put that key back into {VARIABLE}, behind a comma; where it is lost, link these sessions again"),
        );
    }
    let all = older.iter().fold(format!("{} rows by key {first}, which seals", rows(*first)), |told, key| {
        format!("{told}; {} by the older key {key}", rows(*key))
    });
    if older.iter().any(|key| rows(*key) > 0) {
        return AREA.advice(
            CHECK,
            all,
            "keep the older key: the WhatsApp service is re-sealing its rows (`docker logs prosaas-baileys`); ask again",
        );
    }
    match older {
        [] => AREA.ok(CHECK, all),
        _ => AREA.advice(
            CHECK,
            all,
            "the older key may go: take it out of BAILEYS_ENCRYPTION_KEY and `docker compose up -d baileys`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use prosaas_platform::config::Env;

    use super::*;
    use crate::doctor::finding::Outcome;

    const KEY: &str = "K34VFiiu0qar9xWICc9PPHYucWDzi02lanhNkEUZDP4=";
    const OTHER: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

    fn sealed(counts: &[(i32, i64)]) -> Vec<Sealed> {
        counts.iter().map(|&(key_version, rows)| Sealed { key_version, rows, sessions: 2 }).collect()
    }

    #[test]
    fn fingerprints_are_those_of_the_service() {
        let of = |value: &str| {
            let env = Env::from_pairs([("APP_ENV", "development"), (VARIABLE, value)]);
            held(&DoctorConfig::from_env(&env).unwrap())
        };
        // Computed apart from this code, by the service's.
        assert_eq!(of(&format!("{KEY}, {OTHER}")), [1_524_131_551, 1_952_830_507]);
        assert_eq!(of("too short"), [0_i32; 0]);
    }

    #[test]
    fn what_may_go_and_what_is_missing_is_told() {
        for (held, counted, outcome, found, fix) in [
            (vec![], vec![], Outcome::Ok, "no row yet", ""),
            (vec![], vec![(1, 5)], Outcome::Skipped, "not set here", ""),
            (vec![1], vec![(1, 5)], Outcome::Ok, "5 rows by key 1, which seals", ""),
            (vec![1, 2], vec![(1, 5), (2, 3)], Outcome::Advice, "3 by the older key 2", "keep the older key"),
            (vec![1, 2], vec![(1, 8)], Outcome::Advice, "0 by the older key 2", "the older key may go"),
            (
                vec![1, 2],
                vec![(1, 8), (3, 4)],
                Outcome::Broken,
                "4 rows of 2 sessions are sealed by key 3",
                "put that key back",
            ),
        ] {
            let finding = judge(&held, &sealed(&counted));
            assert_eq!(finding.outcome, outcome, "{finding:?}");
            assert!(finding.found.contains(found), "{finding:?}");
            assert!(finding.fix.clone().unwrap_or_default().contains(fix), "{finding:?}");
        }
    }
}
