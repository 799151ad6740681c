//! How fast a change of call configuration reaches callers: from publishing the
//! command, through the workers and Postgres, to the ingress's next answer.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use async_nats::jetstream::message::PublishMessage;
use chrono::Utc;
use futures_util::TryStreamExt as _;
use prosaas_domain::{
    call_config::{CallConfig, CallSettings},
    ids::{BusinessId, UserId},
};
use prosaas_events::{
    CloudEvent, EventId,
    crm::{Command, CommandMeta, business::BusinessConfigureV1},
    subjects::{CALL_CONFIG_BUCKET, Subject},
};
use prosaas_platform::{bus::Role, clock};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::{
    contestant::{Contestant, Running, Surroundings, ingress_environment},
    load::Connection,
    process::{Process, Start},
    twilio::{Sender, Template},
};

/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time between two questions to the ingress.
const POLL: Duration = Duration::from_millis(2);

/// Each change's way, sorted, ms.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// From publishing the command until a caller hears it.
    pub heard_ms: Vec<f64>,
}

/// Makes `changes` changes, one after the other.
pub async fn measure(around: &Surroundings<'_>, changes: u32) -> anyhow::Result<Outcome> {
    let folder = around.folder.join("config-change");
    std::fs::create_dir_all(&folder)?;
    setup(around, &folder).await?;
    let workers = start_workers(around, &folder)?;
    let ingress = Contestant::Prosaas.start(around).await?;
    let business = business(around).await?;
    let heard = changed(around, &ingress, business, changes).await;
    ingress.process.stop().await?;
    workers.stop().await?;
    heard
}

async fn changed(
    around: &Surroundings<'_>,
    ingress: &Running,
    business: BusinessId,
    changes: u32,
) -> anyhow::Result<Outcome> {
    let template = Template::incoming_call(around.sender)?;
    let mut caller = Caller { connection: Connection::open(ingress.address, &template)?, template };
    let mut heard_ms = Vec::new();
    for number in 1..=changes {
        let words = format!("change {number} {}", Uuid::new_v4().simple());
        let began = Instant::now();
        configure(around, business, &words).await?;
        caller.wait_until_it_says(&words).await?;
        heard_ms.push(began.elapsed().as_secs_f64() * 1e3);
        // Not in step with anything that ticks.
        tokio::time::sleep(Duration::from_millis(u64::from(40 + number * 7 % 60))).await;
    }
    heard_ms.sort_by(f64::total_cmp);
    Ok(Outcome { heard_ms })
}

/// The environment of our other programs: the ingress's, as another NATS user.
fn environment(
    around: &Surroundings<'_>,
    folder: &Path,
    role: Role,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut environment = ingress_environment(around, crate::process::free_address()?, folder)?;
    environment.retain(|(name, _)| *name != "NATS_URL");
    environment.extend([
        ("NATS_URL", around.nats.url(role)),
        ("TWILIO_PHONE_NUMBER", around.sender.called.clone()),
        ("WORKERS_LISTEN", crate::process::free_address()?.to_string()),
        ("RECORDINGS_URL", format!("file://{}", folder.join("recordings").display())),
        ("ADMIN_EMAIL", "admin@bench.example".to_owned()),
        ("ADMIN_PASSWORD", Uuid::new_v4().to_string()),
    ]);
    Ok(environment)
}

/// Migrations, streams, the first business and admin.
pub async fn setup(around: &Surroundings<'_>, folder: &Path) -> anyhow::Result<()> {
    start_ops(around, folder, &["setup"])?.succeeded(PATIENCE).await
}

/// Starts the command line.
pub fn start_ops(around: &Surroundings<'_>, folder: &Path, arguments: &[&str]) -> anyhow::Result<Process> {
    Process::start(Start {
        name: "prosaas-ops",
        program: &around.settings.programs.join("prosaas-ops"),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: environment(around, folder, Role::Ops)?,
        folder,
        errors: &folder.join("ops.log"),
    })
}

/// Starts the workers.
pub fn start_workers(around: &Surroundings<'_>, folder: &Path) -> anyhow::Result<Process> {
    std::fs::create_dir_all(folder.join("recordings"))?;
    Process::start(Start {
        name: "prosaas-workers",
        program: &around.settings.programs.join("prosaas-workers"),
        arguments: Vec::new(),
        environment: environment(around, folder, Role::Workers)?,
        folder,
        errors: &folder.join("workers.log"),
    })
}

/// The business that set-up made, once the workers have put it into the bucket.
async fn business(around: &Surroundings<'_>) -> anyhow::Result<BusinessId> {
    let bucket = around.nats.js.get_key_value(CALL_CONFIG_BUCKET).await?;
    let began = Instant::now();
    loop {
        let keys: Vec<String> = bucket.keys().await?.try_collect().await?;
        for key in keys {
            if let Some(value) = bucket.get(&key).await?
                && let Ok(config) = serde_json::from_slice::<CallConfig>(&value)
                && config.numbers.iter().any(|number| number.as_str() == around.sender.called)
            {
                return Ok(config.business_id);
            }
        }
        ensure!(began.elapsed() < PATIENCE, "the workers did not put the business into the bucket");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The system admin whom set-up made.
async fn admin(around: &Surroundings<'_>) -> anyhow::Result<UserId> {
    let mut connection = PgConnection::connect(&around.database.url).await?;
    let id: Uuid = sqlx::query_scalar("SELECT id FROM prosaas.users WHERE role = 'system_admin'")
        .fetch_one(&mut connection)
        .await?;
    Ok(id.into())
}

async fn configure(around: &Surroundings<'_>, business: BusinessId, words: &str) -> anyhow::Result<()> {
    let args = BusinessConfigureV1 {
        business_id: business,
        name: None,
        time_zone: None,
        expected_revision: None,
        settings: CallSettings { greeting: Some(words.to_owned()), ..CallSettings::default() },
    };
    let subject = Subject::command(&args).into_string();
    let operation = Uuid::new_v4();
    let meta = CommandMeta { operation_id: operation.into(), request_id: operation.to_string(), ip: None };
    let id: EventId = Uuid::new_v4().into();
    let now: chrono::DateTime<Utc> = clock::system().now();
    let data = Command { meta, args };
    let mut event = CloudEvent::new(id.clone(), "/bench".to_owned(), business.to_string(), now, data);
    event.businessid = Some(business);
    event.actorid = Some(admin(around).await?);
    let message = PublishMessage::build().message_id(id.as_str()).payload(event.encode()?.into());
    around.nats.js.send_publish(subject, message).await?.await?;
    Ok(())
}

/// Calls again and again; every call is a new one, since an answer is remembered by its call.
struct Caller {
    template: Template,
    connection: Connection,
}

impl Caller {
    async fn wait_until_it_says(&mut self, words: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let [call] = self.template.sign(1)?.try_into().ok().context("one call")?;
            let body = tokio::task::block_in_place(|| self.connection.ask(&self.template, &call, PATIENCE))?;
            if String::from_utf8_lossy(body).contains(words) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        anyhow::bail!("the change did not reach the ingress within {} s", PATIENCE.as_secs())
    }
}

/// The caller of this measurement: another number than that of the other one.
pub fn sender(other: &Sender) -> Sender {
    Sender { called: "+972000000002".to_owned(), ..other.clone() }
}
