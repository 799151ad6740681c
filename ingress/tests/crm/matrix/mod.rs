//! Every route of the API, asked in every role: about the own business and another one,
//! logged in, not logged in, removed, expired.

mod requests;
mod table;

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use prosaas_domain::rights::Role;
use prosaas_event_log::EventLog;
use prosaas_tests::eventually::SOON;
use serde_json::Value;

use self::{
    requests::{OURS, Side, THEIRS, Things, body, method},
    table::{Needs, Route, Table},
};
use crate::support::{FOREIGN, Login, OWN, World};

/// Between two looks at the log.
const LOOK: Duration = Duration::from_millis(10);

const DOCUMENT: &str = include_str!("../../../../docs/openapi.json");

/// The document's routes, and which of them take `?business_id=`.
fn documented() -> (BTreeSet<String>, BTreeSet<String>) {
    let document: Value = serde_json::from_str(DOCUMENT).unwrap();
    let (mut all, mut named) = (BTreeSet::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            let Some(parameters) = operation.get("responses").map(|_| operation["parameters"].as_array())
            else {
                continue;
            };
            let route = format!("{} {path}", verb.to_uppercase());
            let is_named =
                |parameter: &&Value| parameter["name"] == "business_id" && parameter["in"] == "query";
            if parameters.is_some_and(|all| all.iter().any(|parameter| is_named(&parameter))) {
                named.insert(route.clone());
            }
            all.insert(route);
        }
    }
    (all, named)
}

/// How a request may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Not refused for who asks.
    Done,
    /// As nobody: 401.
    Nobody,
    /// 403.
    Forbidden,
    /// 404.
    Absent,
    /// Either of the two: there the role has no right, and the business is another.
    Refused,
}

impl Expected {
    fn fits(self, route: &Route, status: u16, kind: &str) -> bool {
        // The sample knows no password, so the right one cannot be named.
        let unknown = route.path == "/api/auth/password" && status == 422;
        match self {
            Self::Done if route.needs == Needs::Nothing => {
                status < 500 && kind != "/problems/unauthenticated"
            }
            Self::Done => (200..300).contains(&status) || unknown,
            // The answer to HEAD has no body.
            Self::Nobody => status == 401 && (kind == "/problems/unauthenticated" || route.method == "HEAD"),
            Self::Forbidden => status == 403 && kind == "/problems/forbidden",
            Self::Absent => status == 404,
            Self::Refused => status == 404 || status == 403,
        }
    }
}

/// The table's answer to a request of somebody who is logged in.
fn expected(table: &Table, route: &Route, role: Role, side: Side) -> Expected {
    let (ours, admin) = (side.business == OWN, role == Role::SystemAdmin);
    let allowed = table.allows(route, role);
    match &route.needs {
        Needs::Nothing => Expected::Done,
        // Another's session is nobody's business; operations of all are an admin's.
        Needs::Login if ours || (admin && !route.path.contains("{session_id}")) => Expected::Done,
        Needs::Login => Expected::Absent,
        Needs::Right { .. } if ours || admin => {
            if allowed {
                Expected::Done
            } else {
                Expected::Forbidden
            }
        }
        Needs::Right { .. } => {
            if allowed {
                Expected::Absent
            } else {
                Expected::Refused
            }
        }
    }
}

/// The requests about a business: by a thing's id alone, and by `?business_id=`.
fn queries(route: &Route, named: &BTreeSet<String>, role: Role, side: Side) -> Vec<String> {
    let query = format!("?business_id={}", side.business);
    let takes_query = named.contains(&format!("{} {}", route.method, route.path));
    let of_admins = route.path.starts_with("/api/admin/");
    let names_thing = route.path.contains('{') || route.path.contains("/bulk-");
    match (takes_query, role) {
        _ if of_admins => vec![String::new()],
        (true, Role::SystemAdmin) => vec![query],
        (true, _) if side.business == OWN || names_thing => vec![String::new(), query],
        (true, _) => vec![query],
        (false, _) => vec![String::new()],
    }
}

struct Matrix {
    world: World,
    things: Things,
    failed: Vec<String>,
    asked: usize,
}

impl Matrix {
    async fn ask(
        &mut self,
        route: &Route,
        who: &Login,
        side: Side,
        query: &str,
        expected: Expected,
        about: &str,
    ) -> Result<()> {
        let path = self.things.path(&self.world, route, who, side).await?;
        self.ask_path(route, who, side, &format!("{path}{query}"), expected, about).await
    }

    async fn ask_path(
        &mut self,
        route: &Route,
        who: &Login,
        side: Side,
        path: &str,
        expected: Expected,
        about: &str,
    ) -> Result<()> {
        let body = body(route, side);
        let headers = [("if-match", "*")];
        let request = self.world.open(who, method(route), path, &headers, body.as_ref());
        self.asked += 1;
        let response = tokio::select! {
            biased;
            // Its command is kept, so that it is not refused: now it waits for WhatsApp, which is not there.
            () = command_kept(&self.world.log), if route.path.starts_with("/api/whatsapp/") => None,
            response = tokio::time::timeout(SOON, request) => Some(response),
        };
        let (status, kind) = match response {
            None => (200, String::new()),
            Some(Err(_)) => (0, "no answer".to_owned()),
            Some(Ok(response)) => {
                let (parts, body) = response?.into_parts();
                let status = parts.status.as_u16();
                // A stream of live updates does not end.
                let bytes = if status < 400 {
                    Vec::new()
                } else {
                    axum::body::to_bytes(body, 1 << 20).await?.to_vec()
                };
                let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                (status, problem["type"].as_str().unwrap_or_default().to_owned())
            }
        };
        if !expected.fits(route, status, &kind) {
            self.failed.push(format!("{} {path} {about}: {status} {kind}, not {expected:?}", route.method));
        }
        Ok(())
    }
}

/// Returns once the log has one more.
async fn command_kept(log: &EventLog) {
    let before = log.stats().depth;
    while log.stats().depth == before {
        tokio::time::sleep(LOOK).await;
    }
}

fn workplace(role: Role) -> Option<prosaas_domain::ids::BusinessId> {
    (role != Role::SystemAdmin).then_some(OWN)
}

#[tokio::test]
async fn every_route_keeps_to_the_table() -> Result<()> {
    let (table, (documented, named)) = (Table::read(), documented());
    let rows: BTreeSet<_> =
        table.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(rows, documented, "docs/PERMISSIONS.md has one row for each route of docs/openapi.json");
    assert_eq!(rows.len(), table.routes.len(), "no route has two rows");
    let world = World::new().await?;
    let things = Things::seed(&world).await?;
    let mut matrix = Matrix { world, things, failed: Vec::new(), asked: 0 };
    for route in &table.routes {
        for role in Role::ALL {
            for side in [OURS, THEIRS] {
                let mine = matches!(route.needs, Needs::Nothing | Needs::Login);
                if mine && side.business == FOREIGN && !route.path.contains('{') {
                    continue;
                }
                for query in queries(route, &named, role, side) {
                    let who = matrix.world.login(workplace(role), role).await?;
                    let expected = expected(&table, route, role, side);
                    matrix.ask(route, &who, side, &query, expected, role.as_str()).await?;
                }
            }
        }
    }
    assert_eq!(matrix.failed, Vec::<String>::new(), "of {} requests", matrix.asked);
    matrix.world.passed();
    Ok(())
}

#[tokio::test]
async fn who_is_nobody_reaches_nothing() -> Result<()> {
    let (table, (_, named)) = (Table::read(), documented());
    let world = World::new().await?;
    let things = Things::seed(&world).await?;
    let mut matrix = Matrix { world, things, failed: Vec::new(), asked: 0 };
    let reader = matrix.world.login(Some(OWN), Role::Agent).await?;
    for role in Role::ALL {
        let mut nobodies = vec![("not logged in", Login::nobody(workplace(role)))];
        for (about, change) in [
            ("removed", "UPDATE prosaas.users SET deleted_at = now() WHERE id = '{user}'"),
            ("expired", "UPDATE prosaas.user_sessions SET expires_at = now() WHERE id = '{session}'"),
            (
                "idle",
                "UPDATE prosaas.user_sessions SET last_seen_at = now() - interval '13 hours' WHERE id = '{session}'",
            ),
            ("ended", "UPDATE prosaas.user_sessions SET ended_at = now() WHERE id = '{session}'"),
        ] {
            let who = matrix.world.login(workplace(role), role).await?;
            let change = change
                .replace("{user}", &who.user.to_string())
                .replace("{session}", &who.session.to_string());
            matrix.world.sql(change).await?;
            nobodies.push((about, who));
        }
        for route in &table.routes {
            // What is named exists: what nobody may see, is not told apart from it.
            let path = matrix.things.path(&matrix.world, route, &reader, OURS).await?;
            for query in queries(route, &named, role, OURS) {
                for (about, who) in &nobodies {
                    let expected =
                        if route.needs == Needs::Nothing { Expected::Done } else { Expected::Nobody };
                    let about = format!("{} {about}", role.as_str());
                    matrix.ask_path(route, who, OURS, &format!("{path}{query}"), expected, &about).await?;
                }
            }
        }
    }
    assert_eq!(matrix.failed, Vec::<String>::new(), "of {} requests", matrix.asked);
    matrix.world.passed();
    Ok(())
}
