//! A business as the API shows it, and as its callers meet it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use prosaas_domain::{
    call_config::{self, CallConfig, CallSettings, Person, SettingsProblem},
    ids::{BusinessId, UserId},
    phone::{self, E164},
};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::typed::TypedSettings;
use crate::http::problem::{FieldError, Problem};

/// Most numbers of one business.
const MAX_NUMBERS: usize = 50;

/// A business.
#[derive(Debug, Serialize, ToSchema)]
pub struct Business {
    /// Which.
    pub id: BusinessId,
    /// Its name.
    pub name: String,
    /// Its time zone (IANA name).
    pub time_zone: String,
    /// False: its people cannot log in, and its numbers get the default answer.
    pub active: bool,
    /// The numbers that it owns.
    pub numbers: Vec<String>,
    /// When it was taken in.
    pub created_at: DateTime<Utc>,
}

/// A row of `businesses` with its numbers.
pub(super) struct BusinessRow {
    pub id: Uuid,
    pub name: String,
    pub time_zone: String,
    pub active: bool,
    pub numbers: Vec<String>,
    pub created_at: DateTime<Utc>,
}

impl From<BusinessRow> for Business {
    fn from(row: BusinessRow) -> Self {
        Self {
            id: BusinessId(row.id),
            name: row.name,
            time_zone: row.time_zone,
            active: row.active,
            numbers: row.numbers,
            created_at: row.created_at,
        }
    }
}

/// A business's profile and settings, as a person writes them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsInput {
    /// Its name, where that changes too.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its time zone (IANA name), where that changes too.
    #[schema(max_length = 100, example = "Asia/Jerusalem")]
    pub time_zone: Option<String>,
    /// How it answers calls, whole: what is not named goes back to its default. Numbers to
    /// forward to are taken in any spelling.
    #[schema(value_type = CallSettings)]
    pub settings: TypedSettings,
}

impl SettingsInput {
    /// The configuration as it would be.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn applied(self, before: &CallConfig) -> Result<CallConfig, Problem> {
        let (settings, mut findings) = self.settings.read();
        let unreadable = !findings.is_empty();
        let after = CallConfig {
            business_id: before.business_id,
            business_name: match self.name {
                Some(name) => name.trim().to_owned(),
                None => before.business_name.clone(),
            },
            numbers: before.numbers.clone(),
            time_zone: match self.time_zone {
                Some(text) => time_zone(&text)?,
                None => before.time_zone,
            },
            people: before.people.clone(),
            revision: before.revision,
            settings,
        };
        let mut others = after.validate().err().unwrap_or_default();
        // Somebody is named, even if not readably.
        others.retain(|other| !(unreadable && other.problem == SettingsProblem::NobodyToForwardTo));
        others.retain(|other| !after.is_unreachable_as_in(before, other));
        findings.append(&mut others);
        if findings.is_empty() {
            return Ok(after);
        }
        let told = findings.iter().map(|finding| FieldError {
            field: finding.field.clone(),
            code: finding.problem.code(),
            error: finding.problem.to_string(),
        });
        Err(Problem::invalid_fields(told.collect()))
    }
}

/// An IANA time zone.
pub(super) fn time_zone(text: &str) -> Result<Tz, Problem> {
    text.trim().parse().map_err(|_| {
        Problem::invalid("time_zone", "unknown", "time_zone is an IANA name such as Asia/Jerusalem.")
    })
}

/// Numbers that a business shall own, each once.
pub(super) fn numbers(texts: &[String]) -> Result<Vec<E164>, Problem> {
    if texts.len() > MAX_NUMBERS {
        let why = format!("A business has at most {MAX_NUMBERS} numbers.");
        return Err(Problem::invalid("numbers", "count", why));
    }
    let mut numbers: Vec<E164> = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let number = phone::dialable(text)
            .map_err(|why| Problem::invalid(&format!("numbers[{at}]"), "format", why.to_string()))?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

/// Refuses numbers that another business owns now.
pub(super) async fn check_free(
    database: &PgPool,
    business: BusinessId,
    numbers: &[E164],
) -> Result<(), Problem> {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let taken = sqlx::query_scalar!(
        "SELECT e164 FROM prosaas.business_numbers
         WHERE business_id <> $1 AND e164 = ANY($2) AND released_at IS NULL LIMIT 1",
        business.0,
        &texts
    )
    .fetch_optional(database)
    .await?;
    match taken {
        None => Ok(()),
        Some(number) => Err(Problem::taken(
            "/problems/number-taken",
            "numbers",
            format!("The number {number} belongs to another business."),
        )),
    }
}

/// The people of a business who take calls.
async fn people(database: &PgPool, business: BusinessId) -> Result<Vec<Person>, Problem> {
    let rows = sqlx::query!(
        r#"SELECT p.user_id, p.number AS "number!", p.hours, p.not_before
           FROM prosaas.call_people p JOIN prosaas.users u ON u.id = p.user_id
           WHERE u.business_id = $1 AND u.deleted_at IS NULL AND p.number IS NOT NULL
           ORDER BY p.user_id"#,
        business.0
    )
    .fetch_all(database)
    .await?;
    let people = rows.into_iter().map(|row| {
        let number = E164::parse(&row.number).map_err(|_| Problem::internal())?;
        let hours = row.hours.map(serde_json::from_value).transpose().map_err(|_| Problem::internal())?;
        Ok(Person { user_id: UserId(row.user_id), number, hours, not_before: row.not_before })
    });
    people.collect()
}

/// A business's call configuration, also of one that rests.
pub(super) async fn configuration(database: &PgPool, business: BusinessId) -> Result<CallConfig, Problem> {
    let row = sqlx::query!(
        r#"SELECT name, time_zone, call_settings, call_settings_revision,
                  ARRAY(SELECT n.e164 FROM prosaas.business_numbers n
                        WHERE n.business_id = b.id AND n.released_at IS NULL
                        ORDER BY n.e164) AS "numbers!"
           FROM prosaas.businesses b
           WHERE id = $1 AND deleted_at IS NULL"#,
        business.0
    )
    .fetch_optional(database)
    .await?
    .ok_or_else(Problem::not_found)?;
    let unreadable = |what: &'static str| {
        move || {
            tracing::error!(event = "api.business_unreadable", %business, what);
            Problem::internal()
        }
    };
    let numbers: Option<Vec<_>> = row.numbers.iter().map(|number| E164::parse(number).ok()).collect();
    Ok(CallConfig {
        business_id: business,
        business_name: row.name,
        numbers: numbers.ok_or_else(unreadable("numbers"))?,
        time_zone: row.time_zone.parse().ok().ok_or_else(unreadable("time zone"))?,
        people: people(database, business).await?,
        revision: row.call_settings_revision,
        settings: call_config::stored::read(row.call_settings).ok().ok_or_else(unreadable("settings"))?,
    })
}
