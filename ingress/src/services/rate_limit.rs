//! How often somebody may ask, per session and per network. Each ingress counts for
//! itself: the limits keep a machine usable; what guards passwords is counted in
//! Postgres (`auth::throttle`).

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use moka::sync::Cache;
use prosaas_domain::{email, ids::BusinessId};
use prosaas_platform::config::AppEnv;
use tokio::time::Instant;
use uuid::Uuid;

use crate::http::{client_address::network, problem::Problem};

/// Most keys that one limit remembers.
const MAX_KEYS: u64 = 100_000;

/// How much is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    /// As many at once.
    pub burst: u32,
    /// One more after each such time.
    pub every: Duration,
}

/// A limit by the generic cell rate algorithm (ITU-T I.371): a key is one number,
/// the time at which everything taken so far will have been paid.
pub struct RateLimit {
    quota: Quota,
    origin: Instant,
    hasher: RandomState,
    cells: Cache<u64, Arc<AtomicU64>>,
}

impl RateLimit {
    /// A limit that nobody has used.
    pub fn new(quota: Quota) -> Self {
        let full = quota.every.saturating_mul(quota.burst).max(Duration::from_secs(1));
        let cells = Cache::builder().max_capacity(MAX_KEYS).time_to_idle(full).build();
        Self { quota, origin: Instant::now(), hasher: RandomState::new(), cells }
    }

    /// Takes one, or says when there will be one.
    pub fn take(&self, key: impl Hash) -> Result<(), Problem> {
        self.take_many(key, 1)
    }

    /// Takes so many at once, or says when there will be as many. More than the burst there never are.
    pub fn take_many(&self, key: impl Hash, count: u32) -> Result<(), Problem> {
        self.take_at(key, count, Instant::now()).map_err(|after| {
            metrics::counter!("prosaas_api_rate_limited_total").increment(1);
            Problem::too_many(after)
        })
    }

    fn take_at(&self, key: impl Hash, count: u32, now: Instant) -> Result<(), Duration> {
        let cell = self.cells.get_with(self.hasher.hash_one(key), Arc::default);
        let now = nanos(now.saturating_duration_since(self.origin));
        let every = nanos(self.quota.every);
        let tolerance = every.saturating_mul(self.quota.burst.into());
        let cost = every.saturating_mul(count.into());
        let mut wait = 0;
        let taken = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid_at| {
            let next = paid_at.max(now).saturating_add(cost);
            wait = next.saturating_sub(now.saturating_add(tolerance));
            (wait == 0).then_some(next)
        });
        taken.map(|_| ()).map_err(|_| Duration::from_nanos(wait))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The limits of the API.
pub struct RateLimits {
    address: RateLimit,
    session: RateLimit,
    mail: RateLimit,
    linking: RateLimit,
    bulk: RateLimit,
    logs: RateLimit,
}

/// Lines about refusals of one kind and network: ten at once, then six a minute. They must
/// not drown the rest.
const LOGS: Quota = Quota { burst: 10, every: Duration::from_secs(10) };

/// Leads of bulk commands at once: two of the largest.
const BULK: u32 = 20_000;

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// Requests of one network; many people may share it.
    pub address: Quota,
    /// Requests of one session.
    pub session: Quota,
    /// Mails that one network, or one recipient, can cause.
    pub mail: Quota,
    /// Changes of a business's WhatsApp link: each talks to WhatsApp, which bans crowds.
    pub linking: Quota,
    /// Leads that a business's bulk commands name: the workers do this work beside everybody else's.
    pub bulk: Quota,
}

impl Quotas {
    /// For real use. In development a machine of one's own is not slowed down:
    /// benchmarks and fuzzing come from one address with one session.
    pub fn of(app_env: AppEnv) -> Self {
        let relaxed: u32 = match app_env {
            AppEnv::Production => 1,
            AppEnv::Development => 1000,
        };
        let quota = |burst, every_ms: u32| Quota {
            burst: burst * relaxed,
            every: Duration::from_micros(u64::from(every_ms) * 1000 / u64::from(relaxed)),
        };
        Self {
            address: quota(400, 10),
            session: quota(120, 50),
            mail: quota(5, 600_000),
            linking: quota(10, 10_000),
            bulk: quota(BULK, 6),
        }
    }
}

impl RateLimits {
    /// Limits that nobody has used.
    pub fn new(quotas: Quotas) -> Self {
        Self {
            address: RateLimit::new(quotas.address),
            session: RateLimit::new(quotas.session),
            mail: RateLimit::new(quotas.mail),
            linking: RateLimit::new(quotas.linking),
            bulk: RateLimit::new(quotas.bulk),
            logs: RateLimit::new(LOGS),
        }
    }

    /// A request of a network.
    pub fn address(&self, ip: IpAddr) -> Result<(), Problem> {
        self.address.take(network(ip))
    }

    /// A request of a session.
    pub fn session(&self, id: Uuid) -> Result<(), Problem> {
        self.session.take(id)
    }

    /// A mail that anybody at all causes to be sent.
    pub fn mail_from(&self, ip: IpAddr) -> Result<(), Problem> {
        self.mail.take(("from", network(ip)))
    }

    /// A change of a business's WhatsApp link.
    pub fn linking(&self, business: BusinessId) -> Result<(), Problem> {
        self.linking.take(business)
    }

    /// A command of a business that names so many leads.
    pub fn bulk(&self, business: BusinessId, leads: usize) -> Result<(), Problem> {
        self.bulk.take_many(business, u32::try_from(leads).unwrap_or(u32::MAX))
    }

    /// Whether another line of this kind may be logged.
    pub fn may_log(&self, kind: impl Hash) -> bool {
        self.logs.take_at(kind, 1, Instant::now()).is_ok()
    }

    /// A mail to an address.
    pub fn mail_to(&self, recipient: &str) -> Result<(), Problem> {
        self.mail.take(("to", email::fold(recipient)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_burst_one_comes_with_each_interval() {
        // Minutes, since a key that nobody uses meanwhile is forgotten by the true clock.
        let limit = RateLimit::new(Quota { burst: 3, every: Duration::from_mins(1) });
        let start = limit.origin;
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..3 {
            assert_eq!(limit.take_at("a", 1, at(0)), Ok(()));
        }
        assert_eq!(limit.take_at("a", 1, at(0)), Err(Duration::from_mins(1)));
        assert_eq!(limit.take_at("a", 1, at(24)), Err(Duration::from_secs(36)));
        assert_eq!(limit.take_at("b", 1, at(24)), Ok(()), "another key is another's");
        assert_eq!(limit.take_at("a", 1, at(60)), Ok(()));
        assert!(limit.take_at("a", 1, at(60)).is_err());
        assert_eq!(limit.take_at("a", 1, at(3600)), Ok(()), "the burst comes back");
    }

    #[test]
    fn what_costs_more_takes_more_and_waits_longer() {
        let limit = RateLimit::new(Quota { burst: 10, every: Duration::from_mins(1) });
        let start = limit.origin;
        assert_eq!(limit.take_at("a", 8, start), Ok(()));
        assert_eq!(limit.take_at("a", 5, start), Err(Duration::from_mins(3)));
        assert_eq!(limit.take_at("a", 2, start), Ok(()), "what was refused has cost nothing");
        assert_eq!(limit.take_at("a", 5, start + Duration::from_mins(5)), Ok(()));
    }

    #[test]
    fn the_largest_bulk_command_is_always_possible() {
        let largest = u32::try_from(prosaas_events::crm::lead::MAX_BULK);
        for app_env in [AppEnv::Production, AppEnv::Development] {
            let quotas = Quotas::of(app_env);
            assert!(largest.is_ok_and(|largest| largest <= quotas.bulk.burst));
        }
    }
}
