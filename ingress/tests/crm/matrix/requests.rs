//! A sound request for every route, about one business or the other.

use anyhow::{Context as _, Result};
use http::Method;
use prosaas_domain::{
    ids::{BusinessId, UserId},
    rights::Role,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::table::Route;
use crate::support::{FOREIGN, Login, OWN, World};

/// The things of one business that requests name.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    pub business: BusinessId,
    letter: char,
}

/// A dead letter and a replay.
const FAILED: Uuid = Uuid::from_u128(0xdead);

pub const OURS: Side = Side { business: OWN, letter: 'a' };
pub const THEIRS: Side = Side { business: FOREIGN, letter: 'b' };

impl Side {
    fn id(self, n: u128) -> Uuid {
        Uuid::from_u128(self.business.0.as_u128() << 16 | n)
    }
    fn lead(self) -> Uuid {
        self.id(1)
    }
    fn deleted_lead(self) -> Uuid {
        self.id(2)
    }
    fn agent(self) -> Uuid {
        self.id(3)
    }
    fn deleted_agent(self) -> Uuid {
        self.id(4)
    }
    fn invitation(self) -> Uuid {
        self.id(5)
    }
    fn sid(self, kind: &str) -> String {
        format!("{kind}{}", self.letter.to_string().repeat(32))
    }

    async fn seed(self, world: &World) -> Result<()> {
        let business = self.business;
        let (lead, deleted_lead, agent, deleted_agent, invitation) =
            (self.lead(), self.deleted_lead(), self.agent(), self.deleted_agent(), self.invitation());
        let (call, recording) = (self.sid("CA"), self.sid("RE"));
        std::fs::write(world.scratch.path().join(format!("recordings/{recording}.mp3")), "sound")?;
        world
            .sql(format!(
                "INSERT INTO prosaas.users (id, business_id, email, name, role, deleted_at) VALUES
                     ('{agent}', '{business}', '{agent}@example.com', 'Dana', 'agent', NULL),
                     ('{deleted_agent}', '{business}', '{deleted_agent}@example.com', 'Yossi', 'agent', now());
                 INSERT INTO prosaas.leads (id, business_id, name, source, created_at, updated_at, deleted_at) VALUES
                     ('{lead}', '{business}', 'Lead', 'manual', now(), now(), NULL),
                     ('{deleted_lead}', '{business}', 'Gone', 'manual', now(), now(), now());
                 INSERT INTO prosaas.calls (call_sid, business_id, lead_id, started_at, missed, callback_needed)
                 VALUES ('{call}', '{business}', '{lead}', now(), true, true);
                 INSERT INTO prosaas.recordings (recording_sid, call_sid, business_id, state, object_key, bytes,
                     content_type, sha256, stored_at, created_at, updated_at)
                 VALUES ('{recording}', '{call}', '{business}', 'completed', '{recording}.mp3', 5, 'audio/mpeg',
                     sha256('sound'), now(), now(), now());
                 INSERT INTO prosaas.single_use_tokens (id, kind, token_hash, business_id, user_id, email, role, expires_at)
                 VALUES ('{invitation}', 'invitation', sha256('{invitation}'), '{business}', gen_random_uuid(),
                     'invited-{invitation}@example.com', 'agent', now() + interval '1 day')"
            ))
            .await
    }
}

/// Businesses, their things, and a session and an operation of somebody else.
pub struct Things {
    other: Login,
    operation: String,
}

impl Things {
    pub async fn seed(world: &World) -> Result<Self> {
        world.businesses().await?;
        OURS.seed(world).await?;
        THEIRS.seed(world).await?;
        // What failed is nobody's but the operators'.
        world
            .sql(format!(
                "INSERT INTO prosaas.dead_letters
                     (id, consumer, subject, headers, payload_bytes, terms, reason, error_chain, fingerprint, attempts,
                      state, first_died_at, died_at)
                 VALUES ('{FAILED}', 'calls', 'call.status.CA1', '[]', 0, '{{}}', 'permanent', '{{}}',
                         '0123456789abcdef', 1, 'new', now(), now());
                 INSERT INTO prosaas.replay_jobs (id, kind, selection, reason, rate, state, total, requested_by_name)
                 VALUES ('{FAILED}', 'dead_letters', '{{}}', 'mended', 50, 'running', 0, 'root')"
            ))
            .await?;
        let other = world.login(Some(FOREIGN), Role::Agent).await?;
        let operation = operation(world, &other, "").await?;
        Ok(Self { other, operation })
    }

    /// The path of a request of this person, without a query.
    pub async fn path(&self, world: &World, route: &Route, who: &Login, side: Side) -> Result<String> {
        let mut path = route.path.clone();
        let restores = path.ends_with("/restore");
        let own = side.business == OWN;
        if path.contains("{session_id}") {
            let session = if own { who.session } else { self.other.session };
            path = path.replace("{session_id}", &session.to_string());
        }
        if path.contains("{operation_id}") {
            let query = if who.business.is_none() { format!("?business_id={OWN}") } else { String::new() };
            let id = if own { operation(world, who, &query).await? } else { self.operation.clone() };
            path = path.replace("{operation_id}", &id);
        }
        if path.contains("{invitation_id}") {
            // Another role has withdrawn it.
            world.sql("UPDATE prosaas.single_use_tokens SET used_at = NULL").await?;
        }
        let lead = if restores { side.deleted_lead() } else { side.lead() };
        let user = if restores { side.deleted_agent() } else { side.agent() };
        for (name, value) in [
            ("{business_id}", side.business.to_string()),
            ("{lead_id}", lead.to_string()),
            ("{user_id}", UserId(user).to_string()),
            ("{invitation_id}", side.invitation().to_string()),
            ("{call_sid}", side.sid("CA")),
            ("{dead_letter_id}", FAILED.to_string()),
            ("{replay_id}", FAILED.to_string()),
            ("{name}", "calls".to_owned()),
            ("{recording_sid}", side.sid("RE")),
        ] {
            path = path.replace(name, &value);
        }
        anyhow::ensure!(!path.contains('{'), "{}: what stands for the parameter?", route.path);
        Ok(path)
    }
}

/// An operation of this person.
async fn operation(world: &World, who: &Login, query: &str) -> Result<String> {
    let answer = world.post(who, &format!("/api/leads{query}"), json!({"name": "x"})).await?;
    let id = answer.json().pointer("/operation/id").and_then(Value::as_str).map(str::to_owned);
    id.with_context(|| format!("no operation: {}", answer.json()))
}

/// The body of a request.
pub fn body(route: &Route, side: Side) -> Option<Value> {
    let email = || format!("{}@example.net", Uuid::new_v4());
    let leads = |id: Uuid| json!({"ids": [id]});
    Some(match (route.method.as_str(), route.path.as_str()) {
        ("POST", "/api/auth/login") => json!({"email": "nobody@example.com", "password": "not it at all"}),
        ("POST", "/api/auth/password-reset") => json!({"email": "nobody@example.com"}),
        ("POST", "/api/auth/password-reset/confirm") => {
            json!({"token": "x", "password": "lawnmower-on-tuesday"})
        }
        ("POST", "/api/auth/invitations/inspect") => json!({"token": "x"}),
        ("POST", "/api/auth/invitations/accept") => {
            json!({"token": "x", "name": "Dana", "password": "lawnmower-on-tuesday"})
        }
        ("POST", "/api/auth/password") => json!({"current": "not it at all", "new": "lawnmower-on-tuesday"}),
        ("POST", "/api/leads") => json!({"name": "Noa"}),
        ("PATCH", "/api/leads/{lead_id}") => json!({"status": "won"}),
        ("POST", "/api/leads/bulk-delete") => leads(side.lead()),
        ("POST", "/api/leads/bulk-restore") => leads(side.deleted_lead()),
        ("POST", "/api/whatsapp/baileys/pairing-code") => json!({"phone": "0541234567"}),
        ("PATCH", path) if path.ends_with("/users/{user_id}") => json!({"name": "Dana"}),
        ("POST", "/api/businesses/{business_id}/invitations") => json!({"email": email(), "role": "agent"}),
        ("POST", "/api/admin/users/invitations") => {
            json!({"email": email(), "role": "agent", "business_id": side.business})
        }
        ("PUT", path) if path.ends_with("/availability") => json!({"number": "054-1234567"}),
        ("PUT" | "POST", path) if path.contains("/settings") => {
            json!({"name": "Shop", "time_zone": "Asia/Jerusalem", "settings": {}})
        }
        ("POST", "/api/admin/businesses") => json!({"name": "New"}),
        ("PUT", "/api/admin/businesses/{business_id}/numbers") => json!({"numbers": []}),
        ("POST", "/api/admin/dead-letters/count") => json!({"selection": {"ids": [FAILED]}}),
        ("POST", "/api/admin/dead-letters/discard" | "/api/admin/replays") => {
            json!({"selection": {"ids": [FAILED]}, "expected_count": 1, "reason": "mended"})
        }
        ("POST", path) if path.starts_with("/api/admin/workers/") || path.ends_with("/cancel") => {
            json!({"reason": "an incident"})
        }
        _ => return None,
    })
}

/// The route's method.
pub fn method(route: &Route) -> Method {
    route.method.parse().unwrap()
}
