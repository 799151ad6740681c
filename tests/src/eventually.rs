//! Waiting for something to become true, never for ever.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// For whatever comes about at once on a machine that has nothing else to do. It says when to
/// give up, and is no measure of speed.
pub const SOON: Duration = Duration::from_mins(2);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// How long one look may take.
const LOOK: Duration = Duration::from_secs(30);

/// Looks again and again until `look` is `Ok`; after `limit` it fails with what
/// the last look said.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let deadline = Instant::now() + limit;
    loop {
        let said = match tokio::time::timeout(LOOK, Box::pin(look())).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("a look took more than {LOOK:?}"),
        };
        anyhow::ensure!(Instant::now() < deadline, "{what}: not within {limit:?}: {said}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks again and again until `read` gives `wanted`.
pub async fn becomes<T, F>(
    what: &str,
    limit: Duration,
    wanted: T,
    mut read: impl FnMut() -> F,
) -> anyhow::Result<()>
where
    T: PartialEq + std::fmt::Debug,
    F: Future<Output = anyhow::Result<T>>,
{
    let (read, wanted) = (&mut read, &wanted);
    eventually(what, limit, || {
        let reading = Box::pin(read());
        async move {
            let found = reading.await?;
            anyhow::ensure!(found == *wanted, "found {found:?}, wanted {wanted:?}");
            Ok(())
        }
    })
    .await
}
