//! Timeouts hold behind a transaction pooler, where a session's settings are lost.

use anyhow::{Context as _, Result};
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use prosaas_ingress::{http::session::Session, services::planned_reads::PlannedReads};
use prosaas_platform::store;
use prosaas_tests::pooler::Pooler;
use secrecy::SecretString;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::support::Ingress;

/// A pool of connections to the pooler, and the pooler.
async fn through_a_pooler(ingress: &Ingress) -> Result<(PgPool, Pooler)> {
    let pooler = Pooler::start().await?;
    let pool = store::connect(&SecretString::from(pooler.url(ingress.database())?), 2).await?;
    Ok((pool, pooler))
}

/// The code of the error by which a statement ends that would take a minute.
async fn how_it_ends(executor: impl sqlx::Executor<'_, Database = sqlx::Postgres>) -> Result<String> {
    let error =
        sqlx::raw_sql("SELECT pg_sleep(60)").execute(executor).await.err().context("it ended well")?;
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    Ok(code.with_context(|| error.to_string())?.into_owned())
}

async fn timeout_of(pool: &PgPool) -> Result<String> {
    Ok(sqlx::raw_sql("SHOW statement_timeout").fetch_one(pool).await?.try_get(0)?)
}

#[tokio::test]
async fn every_statement_has_the_role_s_timeout_behind_a_pooler() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (pool, _pooler) = through_a_pooler(&ingress).await?;
    assert_eq!(timeout_of(&pool).await?, "30s");

    // An operator's own setting stays.
    let own = "DO $$ BEGIN EXECUTE format(
        'ALTER ROLE %I IN DATABASE %I SET statement_timeout = ''700ms''', current_user, current_database()
    ); END $$";
    sqlx::raw_sql(own).execute(&ingress.pool).await?;
    store::migrate(&ingress.pool).await?;
    let (pool, _pooler) = through_a_pooler(&ingress).await?;
    assert_eq!(timeout_of(&pool).await?, "700ms");
    assert_eq!(how_it_ends(&pool).await?, "57014");
    Ok(())
}

#[tokio::test]
async fn an_expensive_read_has_its_own_timeout_behind_a_pooler() -> Result<()> {
    let ingress = Ingress::start().await?;
    let (pool, _pooler) = through_a_pooler(&ingress).await?;
    let session = Session {
        session_id: Uuid::nil(),
        user_id: UserId(Uuid::nil()),
        business_id: None,
        role: Role::SystemAdmin,
        name: String::new(),
        email: String::new(),
        expires_at: chrono::DateTime::UNIX_EPOCH,
    };
    let reads = PlannedReads::new(pool.clone());
    let begun = reads.begin(&session, Some(BusinessId(Uuid::nil()))).await;
    let mut read = begun.map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
    assert_eq!(how_it_ends(&mut *read).await?, "57014");
    drop(read);
    assert_eq!(timeout_of(&pool).await?, "30s", "it held for the transaction alone");
    Ok(())
}
