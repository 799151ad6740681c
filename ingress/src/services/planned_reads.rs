//! Reads that may be expensive: lists and searches, whose best plan depends on what was
//! asked for, and whose worst one walks everything.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use prosaas_domain::ids::BusinessId;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::turns::Turns;
use crate::http::{problem::Problem, session::Session};

/// Such reads at once: of one session, of one business, and of everybody. The last leaves
/// connections of the API's pool (`serve::Pools`) to everything else.
const OF_SESSION: usize = 2;
const OF_BUSINESS: usize = 4;
const OF_ALL: usize = 5;

/// How long a request waits for its turn: twice what one read may take. A page asks for
/// several lists at once, and waiting holds no connection.
const TURN: Duration = Duration::from_secs(10);

/// When somebody who got no turn may come back.
const COME_BACK: Duration = Duration::from_secs(2);

/// How long one statement of a read may take.
const STATEMENT: Duration = Duration::from_secs(5);

/// Begins a read. Each statement is planned with the values of its parameters, and may take
/// so long.
///
/// A statement that takes every filter of a list fits each request by another index. After
/// a few uses Postgres would settle on one plan for all of them, which walks the list's
/// order even where a search finds three rows.
///
/// Both settings hold for one transaction, because a pooler may give the next one another
/// session.
fn begin_read(statement: Duration) -> AssertSqlSafe<String> {
    let limit = statement.as_millis();
    AssertSqlSafe(format!(
        "BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL statement_timeout = {limit}"
    ))
}

/// Lets such reads through, a few at a time.
pub struct PlannedReads {
    database: PgPool,
    patience: Duration,
    statement: Duration,
    sessions: Turns,
    businesses: Turns,
    places: Arc<Semaphore>,
}

/// A turn, as long as it is held.
pub type Turn = [OwnedSemaphorePermit; 3];

/// A read-only transaction and its turn.
pub struct PlannedRead {
    transaction: Transaction<'static, Postgres>,
    _turn: Turn,
}

impl PlannedReads {
    /// Reads of this database that nobody has begun.
    pub fn new(database: PgPool) -> Self {
        Self {
            database,
            patience: TURN,
            statement: STATEMENT,
            sessions: Turns::new(OF_SESSION),
            businesses: Turns::new(OF_BUSINESS),
            places: Arc::new(Semaphore::new(OF_ALL)),
        }
    }

    /// The same, whose requests wait so long for their turn, and whose statements may take so
    /// long.
    #[must_use]
    pub const fn with_limits(mut self, patience: Duration, statement: Duration) -> Self {
        self.patience = patience;
        self.statement = statement;
        self
    }

    /// Waits for a turn to read something of a business, or of all of them.
    ///
    /// # Errors
    /// 429 where the session or the business has too many reads under way, 503 where
    /// everybody together has.
    pub async fn turn(&self, session: &Session, business: Option<BusinessId>) -> Result<Turn, Problem> {
        // Always in this order: nobody who has a later one waits for an earlier one.
        let own = async {
            let session = self.sessions.take(session.session_id).await?;
            Some((session, self.businesses.take(business).await?))
        };
        let own = tokio::time::timeout(self.patience, own).await.ok().flatten();
        let Some((session, business)) = own else {
            metrics::counter!("prosaas_api_reads_refused_total").increment(1);
            return Err(Problem::too_many(COME_BACK));
        };
        let place = tokio::time::timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            tracing::warn!(event = "api.reads_full", "too many expensive reads are under way");
            return Err(Problem::unavailable());
        };
        Ok([session, business, place])
    }

    /// Waits for a turn and begins a read.
    ///
    /// # Errors
    /// As [`turn`](Self::turn); 503 where Postgres cannot be reached.
    pub async fn begin(
        &self,
        session: &Session,
        business: Option<BusinessId>,
    ) -> Result<PlannedRead, Problem> {
        let turn = self.turn(session, business).await?;
        Ok(PlannedRead {
            transaction: self.database.begin_with(begin_read(self.statement)).await?,
            _turn: turn,
        })
    }
}

impl PlannedRead {
    /// Ends the read.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await
    }
}

impl Deref for PlannedRead {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for PlannedRead {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}
