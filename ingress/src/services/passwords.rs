//! Hashing passwords without starving everything else, or one another.

use std::{net::IpAddr, sync::Arc, time::Duration};

use prosaas_accounts::password::{self, Unfit};
use prosaas_domain::email;
use secrecy::SecretString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    http::{client_address::network, problem::Problem},
    services::turns::Turns,
};

/// Most hashes at once: each takes 19 MiB and a core.
const MAX_AT_ONCE: usize = 4;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// For whom a password is hashed.
#[derive(Debug)]
pub struct Asker {
    network: IpAddr,
    account: String,
    known_place: bool,
}

impl Asker {
    /// Somebody who asks from `ip` about the account of that address.
    pub fn new(ip: IpAddr, email: &str, known_place: bool) -> Self {
        Self { network: network(ip), account: email::fold(email), known_place }
    }
}

/// Hashes passwords, a few at a time. Of one network, and of one account, only one is
/// hashed at once and the rest stand in their own line: whoever sends many waits for
/// their own, and everybody else's turn comes next. A crowd that guesses at an account
/// stands in another line than those who come from where the account is used.
pub struct Passwords {
    networks: Turns,
    accounts: Turns,
    places: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_places(cores.clamp(1, MAX_AT_ONCE))
    }
}

impl Passwords {
    fn with_places(places: usize) -> Self {
        Self { networks: Turns::new(1), accounts: Turns::new(1), places: Arc::new(Semaphore::new(places)) }
    }

    /// Whether the password is the one of the hash; without a hash it takes as long.
    pub async fn verify(
        &self,
        asker: &Asker,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        self.work(asker, move || password::verify(&password, hash.as_deref())).await
    }

    /// Hashes a password that was checked.
    pub async fn hash(&self, asker: &Asker, password: SecretString) -> Result<String, Problem> {
        self.work(asker, move || password::hash(&password)).await?.map_err(|error| {
            tracing::error!(event = "auth.hash_failed", %error);
            Problem::internal()
        })
    }

    async fn work<T: Send + 'static>(
        &self,
        asker: &Asker,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(TURN, self.turn(asker)).await.ok().flatten();
        let Some(turn) = turn else {
            tracing::warn!(event = "auth.hash_queue_full", "too many passwords are being checked");
            return Err(Problem::unavailable());
        };
        let worked = tokio::task::spawn_blocking(move || {
            // Whoever hangs up does not get another turn before this one is over.
            let _turn = turn;
            work()
        });
        worked.await.map_err(|_| Problem::internal())
    }

    /// Always in this order: nobody who has a later one waits for an earlier one.
    async fn turn(&self, asker: &Asker) -> Option<[OwnedSemaphorePermit; 3]> {
        let network = self.networks.take(asker.network).await?;
        let account = self.accounts.take((&asker.account, asker.known_place)).await?;
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some([network, account, place])
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn asker(ip: &str, email: &str, known_place: bool) -> Asker {
        Asker::new(ip.parse().unwrap(), email, known_place)
    }

    /// While a crowd's hashes do not end, the one who is not of it gets a place.
    async fn passes_the_crowd(crowd: impl Fn(u8) -> Asker, one: Asker) {
        let passwords = Arc::new(Passwords::with_places(2));
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..20 {
            let (passwords, asker) = (Arc::clone(&passwords), crowd(n));
            let (held, began) = (Arc::clone(&held), began.clone());
            tokio::spawn(async move {
                let work = move || {
                    let _ = began.send(());
                    let _ = held.lock().map(|held| held.recv());
                };
                let _ = passwords.work(&asker, work).await;
            });
        }
        begun.recv().await;
        assert_eq!(passwords.work(&one, || 7).await, Ok(7));
        drop(release);
    }

    #[tokio::test]
    async fn one_network_does_not_take_every_place() {
        let crowd = |n| asker("198.51.100.7", &format!("guess{n}@shop.example"), false);
        passes_the_crowd(crowd, asker("203.0.113.1", "dana@shop.example", false)).await;
    }

    #[tokio::test]
    async fn one_account_does_not_take_every_place() {
        let crowd = |n| asker(&format!("198.51.100.{n}"), "DANA@shop.example", false);
        passes_the_crowd(crowd, asker("203.0.113.1", "omer@shop.example", false)).await;
    }

    #[tokio::test]
    async fn a_crowd_does_not_stand_before_the_owner_at_home() {
        let crowd = |n| asker(&format!("198.51.100.{n}"), "dana@shop.example", false);
        passes_the_crowd(crowd, asker("203.0.113.1", "dana@shop.example", true)).await;
    }
}
