//! How many dead letters wait for a person, as a gauge.

use std::{collections::BTreeMap, time::Duration};

use metrics::gauge;
use prosaas_events::subjects::consumers;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

const PERIOD: Duration = Duration::from_secs(15);

/// What the pump's dead letters name as their worker.
const PUMP: &str = "pump";

/// Measures until `stop`. While Postgres is away the gauge stays as it was.
pub async fn measure(pool: PgPool, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Ok(open) = count(&pool).await {
            for (consumer, letters) in open {
                #[expect(clippy::cast_precision_loss, reason = "a gauge of rows, far below 2^52")]
                gauge!("prosaas_dead_letters_open", "consumer" => consumer).set(letters as f64);
            }
        }
    }
}

/// Of each worker, those without one included.
pub async fn count(pool: &PgPool) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let names = consumers::OF_EVENTS.iter().map(|(name, _)| *name).chain([PUMP]);
    let mut open: BTreeMap<String, i64> = names.map(|name| (name.to_owned(), 0)).collect();
    let rows = sqlx::query!(
        r#"SELECT consumer, count(*) AS "count!" FROM prosaas.dead_letters WHERE state = 'new' GROUP BY consumer"#
    )
    .fetch_all(pool)
    .await?;
    open.extend(rows.into_iter().map(|row| (row.consumer, row.count)));
    Ok(open)
}
