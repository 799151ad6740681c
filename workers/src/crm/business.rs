//! A business as its callers meet it.

use prosaas_domain::{
    call_config::{CallConfig, Person, stored},
    ids::{BusinessId, UserId},
    phone::E164,
};
use serde_json::Value;
use sqlx::PgConnection;

/// A row that cannot be read as a configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Postgres does not answer, or refuses.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The stored settings are not ours, or of a newer release.
    #[error("the stored settings of business {0} cannot be read: {1}")]
    Settings(BusinessId, String),
}

/// A business that lives, whether it is active or rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// How it answers its calls.
    pub config: CallConfig,
    /// Whether it does.
    pub active: bool,
}

/// The configuration of a living, active business.
pub async fn load(
    connection: &mut PgConnection,
    business: BusinessId,
) -> Result<Option<CallConfig>, LoadError> {
    let found = read(connection, business).await?;
    Ok(found.filter(|held| held.active).map(|held| held.config))
}

/// A living business, whose row is locked until the transaction ends.
pub async fn hold(connection: &mut PgConnection, business: BusinessId) -> Result<Option<Held>, LoadError> {
    sqlx::query!("SELECT 1 AS one FROM prosaas.businesses WHERE id = $1 FOR UPDATE", business.0)
        .fetch_optional(&mut *connection)
        .await?;
    read(connection, business).await
}

pub(super) async fn read(
    connection: &mut PgConnection,
    business: BusinessId,
) -> Result<Option<Held>, LoadError> {
    let row = sqlx::query!(
        r#"SELECT name, time_zone, call_settings, call_settings_revision, active,
                  ARRAY(SELECT n.e164 FROM prosaas.business_numbers n
                        WHERE n.business_id = b.id AND n.released_at IS NULL
                        ORDER BY n.e164) AS "numbers!"
           FROM prosaas.businesses b
           WHERE id = $1 AND deleted_at IS NULL"#,
        business.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let unreadable = |e: String| LoadError::Settings(business, e);
    let settings = stored::read(row.call_settings).map_err(|e| unreadable(e.to_string()))?;
    let numbers: Result<Vec<_>, _> = row.numbers.iter().map(|n| E164::parse(n)).collect();
    let config = CallConfig {
        business_id: business,
        business_name: row.name,
        numbers: numbers.map_err(|e| unreadable(e.to_string()))?,
        time_zone: row.time_zone.parse().map_err(|_| unreadable("unknown time zone".to_owned()))?,
        people: people(connection, business).await?,
        revision: row.call_settings_revision,
        settings,
    };
    Ok(Some(Held { config, active: row.active }))
}

/// The people of a business who take calls.
async fn people(connection: &mut PgConnection, business: BusinessId) -> Result<Vec<Person>, LoadError> {
    let rows = sqlx::query!(
        r#"SELECT p.user_id, p.number AS "number!", p.hours, p.not_before
           FROM prosaas.call_people p JOIN prosaas.users u ON u.id = p.user_id
           WHERE u.business_id = $1 AND u.deleted_at IS NULL AND p.number IS NOT NULL
           ORDER BY p.user_id"#,
        business.0
    )
    .fetch_all(connection)
    .await?;
    let unreadable = |error: String| LoadError::Settings(business, error);
    let person = |user, number: &str, hours: Option<Value>, not_before| -> Result<Person, LoadError> {
        Ok(Person {
            user_id: UserId(user),
            number: E164::parse(number).map_err(|e| unreadable(e.to_string()))?,
            hours: hours.map(serde_json::from_value).transpose().map_err(|e| unreadable(e.to_string()))?,
            not_before,
        })
    };
    rows.into_iter().map(|row| person(row.user_id, &row.number, row.hours, row.not_before)).collect()
}

/// Every living, active business.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<BusinessId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM prosaas.businesses WHERE active AND deleted_at IS NULL ORDER BY id"
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(BusinessId).collect())
}

/// Raises the revision of the business's settings to `revision`, unless they were changed
/// meanwhile.
pub async fn raise(
    connection: &mut PgConnection,
    config: &CallConfig,
    revision: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE prosaas.businesses SET call_settings_revision = $3 WHERE id = $1 AND call_settings_revision = $2",
        config.business_id.0,
        config.revision,
        revision
    )
    .execute(connection)
    .await?;
    Ok(())
}
