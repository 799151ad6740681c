//! Making people outside of a request: the first system admin, and those that an
//! operator makes. Everybody else is made by a command.

use prosaas_domain::{
    ids::{BusinessId, UserId},
    name::{Name, NotAName},
    rights::Role,
};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::password::{self, HashError, Unfit};

/// Who makes them, in the audit records.
const OPERATOR: &str = "prosaas-ops";

/// Key of the advisory lock under which people are made, changed, removed and counted: "padmins" in ASCII.
pub const ADMINS_LOCK: i64 = 0x0070_6164_6d69_6e73;

/// A person to be made.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// Where they work; none for a system admin.
    pub business: Option<BusinessId>,
    /// The address that they log in with.
    pub email: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// Their role.
    pub role: Role,
    /// Their password.
    pub password: &'a SecretString,
}

/// Why a person was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// They cannot be called that.
    #[error(transparent)]
    Name(#[from] NotAName),
    /// The password may not be chosen.
    #[error(transparent)]
    Password(#[from] Unfit),
    /// Somebody who is not removed has the address.
    #[error("somebody with this address exists already")]
    EmailTaken,
    /// A system admin belongs to no business, everybody else to one that exists.
    #[error("a system admin belongs to no business, and everybody else to one that exists")]
    Business,
    /// No memory or randomness for the hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Postgres.
    #[error("the database refuses: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for CreateError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|cause| cause.constraint()) {
            Some("users_live_email_uq") => Self::EmailTaken,
            Some("users_business_fk" | "users_business_ck") => Self::Business,
            _ => Self::Database(error),
        }
    }
}

/// Makes a person with a password, and the audit record of it.
pub async fn create(pool: &PgPool, person: &NewPerson<'_>) -> Result<UserId, CreateError> {
    create_by(pool, person, OPERATOR).await
}

/// The same, naming who does it in the audit record.
pub async fn create_by(pool: &PgPool, person: &NewPerson<'_>, by: &str) -> Result<UserId, CreateError> {
    let mut transaction = pool.begin().await?;
    let id = insert(&mut transaction, person, by).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Makes the first system admin, when there is none. Safe to run from several
/// processes at once. Returns whether one was made.
pub async fn ensure_admin(
    pool: &PgPool,
    email: &str,
    password: &SecretString,
) -> Result<Option<UserId>, CreateError> {
    let mut transaction = pool.begin().await?;
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", ADMINS_LOCK).execute(&mut *transaction).await?;
    let exists = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM prosaas.users WHERE role = 'system_admin' AND deleted_at IS NULL
           ) AS "exists!""#
    )
    .fetch_one(&mut *transaction)
    .await?;
    if exists {
        return Ok(None);
    }
    let name = email.split('@').next().filter(|local| !local.is_empty()).unwrap_or("admin");
    let person = NewPerson { business: None, email, name, role: Role::SystemAdmin, password };
    let id = insert(&mut transaction, &person, OPERATOR).await?;
    transaction.commit().await?;
    Ok(Some(id))
}

async fn insert(
    connection: &mut PgConnection,
    person: &NewPerson<'_>,
    by: &str,
) -> Result<UserId, CreateError> {
    let name = Name::parse(person.name)?;
    password::check(person.password, person.email, "")?;
    let password = person.password.clone();
    let hash = tokio::task::spawn_blocking(move || password::hash(&password))
        .await
        .map_err(|error| CreateError::Database(sqlx::Error::Io(error.into())))??;
    let id = UserId(Uuid::now_v7());
    let business = person.business.map(|business| business.0);
    sqlx::query!(
        "INSERT INTO prosaas.users (id, business_id, email, name, role) VALUES ($1, $2, $3, $4, $5)",
        id.0,
        business,
        person.email,
        name.as_str(),
        person.role.as_str()
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("INSERT INTO prosaas.user_credentials (user_id, password_hash) VALUES ($1, $2)", id.0, hash)
        .execute(&mut *connection)
        .await?;
    let after = serde_json::json!({ "name": name.as_str(), "role": person.role });
    sqlx::query!(
        "INSERT INTO prosaas.audit_records
            (id, business_id, actor_name, action, entity_type, entity_id, after)
         VALUES ($1, $2, $3, 'user.create', 'user', $4, $5)",
        Uuid::now_v7(),
        business,
        by,
        id.to_string(),
        after
    )
    .execute(connection)
    .await?;
    Ok(id)
}
