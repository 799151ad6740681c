//! `/health`: the process lives. `/ready`: what it needs is there, or what is missing.

use std::time::Duration;

use async_nats::{Client, connection::State as Connection, jetstream};
use axum::{Json, extract::State, response::IntoResponse};
use http::StatusCode;
use prosaas_event_log::{
    EventLog,
    pump::{LaneState, PumpStatus},
};
use prosaas_platform::{
    bus::{definitions::Definitions, durability::assert_durable, store::assert_writable},
    store::fault_of_setting,
};
use prosaas_whatsapp_service::WhatsappService;
use serde::Serialize;
use sqlx::PgPool;

use crate::state::App;

/// How long one check may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The state of one part.
#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    ready: bool,
    checks: Vec<Check>,
}

/// 200 as long as the process answers: nginx and compose ask this.
pub async fn health() -> &'static str {
    "ok"
}

/// 200 when all of the system is up, else 503; either way says what was found.
pub async fn ready(State(app): State<App>) -> impl IntoResponse {
    let readiness = &app.readiness;
    let (nats, database, whatsapp, consumers) = tokio::join!(
        nats(&readiness.nats),
        database(&readiness.database),
        whatsapp(&readiness.whatsapp),
        consumers(&readiness.nats)
    );
    let mut checks = vec![nats, log(&readiness.log), pump(&readiness.pump), database, whatsapp];
    checks.extend(consumers);
    let ready = checks.iter().all(|check| check.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Report { ready, checks }))
}

fn check(name: &str, problem: Option<String>) -> Check {
    Check { name: name.to_owned(), ready: problem.is_none(), problem }
}

/// Reachable, such that what it acknowledges survives a power cut, and able to write.
async fn nats(client: &Client) -> Check {
    if client.connection_state() != Connection::Connected {
        return check("nats", Some("NATS is out of reach".to_owned()));
    }
    let js = jetstream::new(client.clone());
    let asked = async {
        assert_durable(client, &js).await.map_err(|error| error.to_string())?;
        assert_writable(client).await.map_err(|error| error.to_string())
    };
    let problem = match tokio::time::timeout(TIMEOUT, asked).await {
        Ok(Ok(())) => None,
        Ok(Err(problem)) => Some(problem),
        Err(_) => Some("NATS does not answer".to_owned()),
    };
    check("nats", problem)
}

fn log(log: &EventLog) -> Check {
    let calls_are_answered =
        |why| format!("the local log takes no events, calls are answered from memory: {why}");
    check("event_log", log.problem().map(calls_are_answered))
}

fn pump(pump: &PumpStatus) -> Check {
    let blocked = pump.problems().into_iter().find_map(|(stream, state)| match state {
        LaneState::Blocked(why) => Some(format!("events wait for stream {stream}: {why}")),
        _ => None,
    });
    check("pump", blocked)
}

async fn database(pool: &PgPool) -> Check {
    const OUT_OF_REACH: &str = "Postgres is out of reach";
    let asked = tokio::time::timeout(TIMEOUT, sqlx::query("SELECT 1").execute(pool)).await;
    let problem = match asked {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => {
            Some(fault_of_setting(&error).map_or_else(|| OUT_OF_REACH.to_owned(), |fault| fault.to_string()))
        }
        Err(_) => Some(OUT_OF_REACH.to_owned()),
    };
    check("postgres", problem)
}

/// Calls are answered without it; `make run` waits for all of the system.
async fn whatsapp(service: &WhatsappService) -> Check {
    let problem = match tokio::time::timeout(TIMEOUT, service.health()).await {
        Ok(Ok(())) => None,
        Ok(Err(_)) | Err(_) => Some("the WhatsApp service is out of reach".to_owned()),
    };
    check("baileys", problem)
}

/// A consumer that somebody pulls from has a worker.
async fn consumers(client: &Client) -> Vec<Check> {
    let js = jetstream::new(client.clone());
    let Ok(definitions) = Definitions::embedded() else { return Vec::new() };
    let asked = definitions.streams.iter().flat_map(|stream| {
        stream.consumers.iter().map(|consumer| (stream.name.as_str(), consumer.name.as_str()))
    });
    futures_util::future::join_all(asked.map(|(stream, consumer)| worker(&js, stream, consumer))).await
}

async fn worker(js: &jetstream::Context, stream: &str, consumer: &str) -> Check {
    let asked = async {
        let stream = js.get_stream_no_info(stream).await.ok()?;
        stream.consumer_info(consumer).await.ok()
    };
    let problem = match tokio::time::timeout(TIMEOUT, asked).await {
        Ok(Some(info)) if info.num_waiting > 0 || info.num_ack_pending > 0 => None,
        Ok(Some(_)) => Some("no worker is listening".to_owned()),
        Ok(None) | Err(_) => Some("the consumer is missing or NATS is out of reach".to_owned()),
    };
    check(&format!("worker.{consumer}"), problem)
}
