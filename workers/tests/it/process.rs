//! The two binaries, as they are deployed.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use prosaas_domain::{
    call_config::{CallConfig, CallSettings},
    ids::{BusinessId, OperationId, UserId},
};
use prosaas_events::{
    CloudEvent, EventData,
    call::{Answer, CallIncomingV1},
    crm::{Command as CrmCommand, CommandMeta, business::BusinessConfigureV1},
    subjects::{CALL_CONFIG_BUCKET, Subject, call_config_key},
};
use prosaas_platform::bus::Role;
use prosaas_tests::eventually::SOON;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{Database, Nats, eventually, ops_program};

const NUMBER: &str = "+972000000001";

struct Place {
    database: Database,
    nats: Nats,
    folder: TempDir,
}

impl Place {
    fn command(&self, binary: &Path, role: Role) -> Command {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("APP_ENV", "development")
            .env("DATABASE_URL", self.database.url().as_str())
            .env("NATS_URL", self.nats.url(role))
            .env("TWILIO_PHONE_NUMBER", NUMBER)
            .env("ADMIN_EMAIL", "admin@example.com")
            .env("ADMIN_PASSWORD", "lawnmower-on-tuesday")
            .env("TWILIO_ACCOUNT_SID", "AC1")
            .env("TWILIO_AUTH_TOKEN", "one,two")
            .env("WORKERS_LISTEN", "127.0.0.1:0")
            .env("RECORDINGS_URL", format!("file://{}/recordings", self.folder.path().display()));
        command
    }

    fn setup(&self) -> Result<Output> {
        self.ops(&["setup", "--wait", "120"])
    }

    fn ops(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(&ops_program()?, Role::Ops);
        Ok(command.args(arguments).stdin(Stdio::null()).output()?)
    }

    fn workers(&self) -> Result<Workers> {
        let command = self.command(Path::new(env!("CARGO_BIN_EXE_prosaas-workers")), Role::Workers);
        Ok(Workers(tokio::process::Command::from(command).stdout(Stdio::null()).kill_on_drop(true).spawn()?))
    }

    async fn publish<T: EventData>(
        &self,
        subject: Subject,
        id: &str,
        actor: Option<UserId>,
        data: T,
    ) -> Result<()> {
        let time = "2026-01-01T00:00:00Z".parse()?;
        let mut event = CloudEvent::new(id.parse()?, "/twilio/AC1".to_owned(), "x".to_owned(), time, data);
        event.actorid = actor;
        self.nats.ops.publish(subject.into_string(), event.encode()?.into()).await?.await?;
        Ok(())
    }
}

struct Workers(tokio::process::Child);

impl Workers {
    /// SIGTERM, and whether they end in order.
    async fn terminate(mut self) -> Result<bool> {
        let pid = self.0.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).context("they have ended")?;
        kill_process(pid, Signal::TERM)?;
        let status = tokio::time::timeout(SOON, self.0.wait()).await.context("they do not end")??;
        Ok(status.success())
    }
}

#[tokio::test]
async fn setup_then_a_call_then_a_change_of_settings_then_a_clean_stop() -> Result<()> {
    let place =
        Place { database: Database::empty().await?, nats: Nats::start().await?, folder: TempDir::new()? };
    let (one, two) = (place.setup()?, place.setup()?);
    let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(one.status.success() && two.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    assert!(text(&one).contains(&format!("number {NUMBER}")), "{}", text(&one));
    assert!(text(&two).contains("first business: there is one"), "{}", text(&two));
    let business: Uuid =
        sqlx::query_scalar("SELECT id FROM prosaas.businesses").fetch_one(&place.database.pool).await?;
    assert!(text(&two).contains("first system admin: there is one"), "{}", text(&two));
    let admin: Uuid =
        sqlx::query_scalar("SELECT id FROM prosaas.users").fetch_one(&place.database.pool).await?;
    let client = place.nats.ops.client();
    let mut heard = client.subscribe("live.>").await?;
    client.flush().await?;
    let workers = place.workers()?;
    let call = "CA1".parse()?;
    let data = CallIncomingV1 {
        call_sid: "CA1".parse()?,
        account_sid: None,
        from: "+972541111111".to_owned(),
        to: NUMBER.to_owned(),
        direction: Some("inbound".to_owned()),
        status: None,
        caller_name: None,
        forwarded_from: None,
        parent_call_sid: None,
        stir_verstat: None,
        error_code: None,
        answer: Answer::Record,
    };
    place.publish(Subject::call_incoming(&call), "call", None, data).await?;
    let business_id = BusinessId(business);
    let settings = CallSettings { max_message_s: 99, ..CallSettings::default() };
    let command = BusinessConfigureV1 {
        business_id,
        name: None,
        time_zone: None,
        expected_revision: Some(1),
        settings,
    };
    let meta =
        CommandMeta { operation_id: OperationId(Uuid::now_v7()), request_id: "r1".to_owned(), ip: None };
    let command = CrmCommand { meta, args: command };
    let subject = Subject::command(&command.args);
    place.publish(subject, "configure", Some(UserId(admin)), command).await?;
    eventually("the call has its lead", || async {
        Ok(place.database.count("SELECT count(*) FROM prosaas.calls WHERE lead_id IS NOT NULL").await? == 1)
    })
    .await?;
    let bucket = place.nats.ops.get_key_value(CALL_CONFIG_BUCKET).await?;
    eventually("every ingress hears of the settings", || async {
        let value = bucket.get(call_config_key(business_id)).await?;
        let config = value.map(|v| serde_json::from_slice::<CallConfig>(&v)).transpose()?;
        Ok(config.is_some_and(|c| c.revision == 2 && c.settings.max_message_s == 99))
    })
    .await?;
    let mut kinds = BTreeSet::new();
    while kinds.len() < 4 {
        let update = tokio::time::timeout(SOON, heard.next()).await?.context("an update")?;
        let scope = format!("live.{business}.");
        let told = update.subject.strip_prefix("live.system.").or(update.subject.strip_prefix(&scope));
        kinds.insert(told.and_then(|rest| rest.split('.').next()).context("a kind")?.to_owned());
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["business", "call", "lead", "operation"]);
    assert!(workers.terminate().await?);
    Ok(())
}

#[tokio::test]
async fn operators_make_people() -> Result<()> {
    let place =
        Place { database: Database::empty().await?, nats: Nats::start().await?, folder: TempDir::new()? };
    assert!(place.setup()?.status.success());
    let business: Uuid =
        sqlx::query_scalar("SELECT id FROM prosaas.businesses").fetch_one(&place.database.pool).await?;
    let (business, create) = (business.to_string(), ["users", "create", "--name", "Dana", "--email"]);
    let owner = [&create[..], &["dana@example.com", "--role", "owner", "--business", &business]].concat();
    let made = place.ops(&owner)?;
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success() && said.contains("password: "), "{said}");
    let again = place.ops(&owner)?;
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"), "one person an address");
    let nowhere = place.ops(&[&create[..], &["noa@example.com", "--role", "agent"]].concat())?;
    assert!(!nowhere.status.success(), "an agent works somewhere");
    let chief = place.ops(&[&create[..], &["chief@example.com", "--role", "chief"]].concat())?;
    assert!(String::from_utf8_lossy(&chief.stderr).contains("system_admin"), "the roles are named");
    let people = "SELECT count(*) FROM prosaas.users u JOIN prosaas.user_credentials c ON c.user_id = u.id";
    assert_eq!(place.database.count(people).await?, 2);
    Ok(())
}

#[tokio::test]
async fn setup_says_what_is_missing() -> Result<()> {
    let output = Command::new(ops_program()?).arg("setup").env_clear().output()?;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("DATABASE_URL"), "{said}");
    let output = Command::new(ops_program()?)
        .args(["setup", "--wait", "1"])
        .env_clear()
        .env("DATABASE_URL", "postgres://127.0.0.1:1/none")
        .env("NATS_URL", "nats://127.0.0.1:1")
        .output()
        .context("setup")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("Postgres (DATABASE_URL) did not answer"), "{said}");
    Ok(())
}
