//! Postgres: whether it lets us in, over TLS where the way is long, and has our tables.

use std::{net::IpAddr, str::FromStr as _, time::Duration};

use chrono::{DateTime, Utc};
use prosaas_domain::phone::E164;
use prosaas_platform::{
    clock::SharedClock,
    config::ConfigError,
    store::{self, Applied, StoreError},
    versions::Standing,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::Instant;

use super::{
    clock::{Reading, Seen},
    finding::{Area, Finding},
    sealed,
};
use crate::doctor::config::DoctorConfig;

const AREA: Area = Area("Postgres");
const LOGIN: &str = "login";
const TLS: &str = "encryption";
const MIGRATIONS: &str = "migrations";

/// How long a compute may need that has slept.
const WAKE: Duration = Duration::from_secs(15);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks at it; gives the numbers of all businesses too.
pub async fn check(config: &DoctorConfig, clock: &SharedClock) -> (Seen, Vec<E164>) {
    let url = match &config.database_url {
        Ok(url) => url,
        Err(error) => return ((vec![AREA.skipped(LOGIN, error)], None), Vec::new()),
    };
    let mut findings: Vec<Finding> = encryption(url).into_iter().collect();
    let pool = match entered(url).await {
        Ok(pool) => pool,
        Err(finding) => {
            findings.push(finding);
            return ((findings, None), Vec::new());
        }
    };
    findings.push(AREA.ok(LOGIN, "let in"));
    let looked = async { Ok::<_, StoreError>((store::applied(&pool).await?, store::ours()?.version)) };
    findings.push(match looked.await {
        Ok((applied, mine)) => migrations(&applied, mine),
        Err(error) => AREA.broken(
            MIGRATIONS,
            error.to_string(),
            "let the user of DATABASE_URL read the schema `prosaas`",
        ),
    });
    findings.push(sealed::check(&pool, config).await);
    let asked = clock.now();
    let theirs: Option<DateTime<Utc>> =
        sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(&pool).await.ok();
    let reading = theirs.map(|theirs| Reading::new("Postgres", theirs, asked, clock.now()));
    // Without its tables there are no numbers; the finding above says so.
    let numbers: Vec<String> = sqlx::query_scalar(
        "SELECT e164 FROM prosaas.business_numbers WHERE released_at IS NULL ORDER BY e164",
    )
    .fetch_all(&pool)
    .await
    .unwrap_or_default();
    ((findings, reading), numbers.iter().filter_map(|text| E164::parse(text).ok()).collect())
}

/// A pool that has answered.
async fn entered(url: &SecretString) -> Result<PgPool, Finding> {
    const FIX: &str = "put the user, password and database of your Postgres into DATABASE_URL";
    let wrong = |fault: ConfigError| AREA.broken(LOGIN, fault.to_string(), FIX);
    let pool = store::connect(url, 2).await.map_err(wrong)?;
    let deadline = Instant::now() + WAKE;
    loop {
        let Err(error) = sqlx::query("SELECT 1").execute(&pool).await else { return Ok(pool) };
        if let Some(fault) = store::fault_of_setting(&error) {
            return Err(wrong(fault));
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(AREA.broken(
                LOGIN,
                format!("no answer within {} s: {error}", WAKE.as_secs()),
                "see that Postgres runs and DATABASE_URL names its host (`docker logs prosaas-db`, or Neon's console)",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a way outside of this machine and its private networks needs.
fn encryption(url: &SecretString) -> Option<Finding> {
    let options = PgConnectOptions::from_str(url.expose_secret()).ok()?;
    let mode = options.get_ssl_mode();
    if matches!(mode, PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        return Some(AREA.ok(TLS, "required"));
    }
    if options.get_socket().is_some() || is_near(options.get_host()) {
        return Some(AREA.ok(TLS, "not required, the server is on a private network"));
    }
    Some(AREA.broken(
        TLS,
        "not required, and the server is elsewhere",
        "add sslmode=require to DATABASE_URL, else passwords and calls may travel in the clear",
    ))
}

/// A name without dots is one of this machine's or of Docker's.
fn is_near(host: &str) -> bool {
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => !host.contains('.') || host.starts_with('/'),
    }
}

fn migrations(applied: &Applied, mine: i64) -> Finding {
    const NEWER: &str = "start the newer release again: `git pull && docker compose up -d --build`";
    let list = |versions: &[i64]| versions.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let standing = match applied.carried.map_or(Ok(Standing::Own), |theirs| theirs.judge(mine)) {
        Ok(standing) => standing,
        Err(too_old) => return AREA.broken(MIGRATIONS, format!("the tables have {too_old}"), NEWER),
    };
    if standing == Standing::Own && !applied.unknown.is_empty() {
        return AREA.broken(
            MIGRATIONS,
            format!("another release has applied {}", list(&applied.unknown)),
            NEWER,
        );
    }
    if !applied.changed.is_empty() {
        return AREA.broken(
            MIGRATIONS,
            format!("{} are not the ones that were applied", list(&applied.changed)),
            "put migrations/ back as the release has it (`git status`), and build again",
        );
    }
    if !applied.missing.is_empty() {
        return AREA.broken(
            MIGRATIONS,
            format!("{} are not applied", list(&applied.missing)),
            "run `docker compose run --rm setup`, which applies them",
        );
    }
    match standing {
        Standing::Own => AREA.ok(MIGRATIONS, format!("all {} are applied", applied.known)),
        Standing::Newer => {
            AREA.ok(MIGRATIONS, "all are applied, and a newer release's too, on which this one works")
        }
    }
}

#[cfg(test)]
mod tests {
    use prosaas_platform::versions::Versions;

    use super::*;
    use crate::doctor::finding::Outcome;

    #[test]
    fn a_long_way_must_be_encrypted() {
        for (url, wanted) in [
            ("postgres://u:p@db:5432/prosaas?sslmode=disable", Outcome::Ok),
            ("postgres://u:p@127.0.0.1/prosaas", Outcome::Ok),
            ("postgres://u:p@10.1.2.3/prosaas", Outcome::Ok),
            ("postgres://u:p@ep-x.neon.tech/prosaas?sslmode=require", Outcome::Ok),
            ("postgres://u:p@ep-x.neon.tech/prosaas", Outcome::Broken),
            ("postgres://u:p@203.0.113.5/prosaas?sslmode=prefer", Outcome::Broken),
        ] {
            let found = encryption(&SecretString::from(url)).map(|finding| finding.outcome);
            assert_eq!(found, Some(wanted), "{url}");
        }
    }

    #[test]
    fn the_worst_of_the_migrations_is_told() {
        let told = |missing: &[i64], changed: &[i64], unknown: &[i64], carried: (i64, i64)| {
            let (version, oldest_compatible) = carried;
            let applied = Applied {
                known: 9,
                missing: missing.to_vec(),
                changed: changed.to_vec(),
                unknown: unknown.to_vec(),
                carried: Some(Versions { version, oldest_compatible }),
            };
            let told = migrations(&applied, 9);
            (told.outcome, told.found)
        };
        let applied =
            |missing: &[i64], changed: &[i64], unknown: &[i64]| told(missing, changed, unknown, (9, 8));
        assert_eq!(applied(&[], &[], &[]).0, Outcome::Ok);
        assert!(applied(&[9], &[], &[]).1.contains("9 are not applied"));
        assert!(applied(&[9], &[3], &[]).1.starts_with("3 are not the ones"));
        assert!(applied(&[9], &[3], &[10, 11]).1.contains("10, 11"));
        assert_eq!(told(&[], &[], &[10, 11], (11, 9)).0, Outcome::Ok, "this release works on those tables");
        assert!(told(&[], &[3], &[10, 11], (11, 9)).1.starts_with("3 are not the ones"));
        let (outcome, found) = told(&[], &[], &[10, 11], (11, 10));
        assert!(
            outcome == Outcome::Broken && found.contains("version 11") && found.contains("has 9"),
            "{found}"
        );
    }
}
