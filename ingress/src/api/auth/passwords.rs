//! Hashing passwords without starving everything else.

use std::time::Duration;

use prosaas_shared::password::{self, Unfit};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Most hashes at once: each takes 19 MiB and a core.
const MAX_AT_ONCE: usize = 4;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// Hashes passwords, a few at a time.
pub struct Passwords {
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { turns: Semaphore::new(cores.clamp(1, MAX_AT_ONCE)) }
    }
}

impl Passwords {
    /// Whether the password is the one of the hash; without a hash it takes as long.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, Problem> {
        self.work(move || password::verify(&password, hash.as_deref())).await
    }

    /// Hashes a password that was checked.
    pub async fn hash(&self, password: SecretString) -> Result<String, Problem> {
        self.work(move || password::hash(&password)).await?.map_err(|error| {
            tracing::error!(event = "auth.hash_failed", %error);
            Problem::internal()
        })
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            tracing::warn!(event = "auth.hash_queue_full", "too many passwords are being checked");
            return Err(Problem::unavailable());
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }
}

/// Whether a password may be chosen.
pub fn check(field: &str, password: &SecretString, email: &str, name: &str) -> Result<(), Problem> {
    password::check(password, email, name)
        .map_err(|unfit: Unfit| Problem::invalid(field, unfit.code(), capital(&unfit.to_string())))
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).chain(['.']).collect())
}
