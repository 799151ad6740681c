//! Everything together.

use std::{process::ExitStatus, time::Duration};

use prosaas_domain::{
    call_config::CallSettings,
    ids::{BusinessId, UserId},
};
use prosaas_events::{
    CloudEvent, EventId,
    crm::{Command, CommandMeta, business::BusinessConfigureV1},
    subjects,
};
use prosaas_platform::{bus, clock};
use sqlx::{PgPool, Row as _};

use crate::{
    cluster::Cluster,
    eventually::{SOON, eventually},
    fake_twilio::FakeTwilio,
    ingress::Ingress,
    load::{Attempt, Verdict},
    nats::NatsServer,
    ports,
    postgres::Database,
    process::Environment,
    proxy::TcpProxy,
    scratch::Scratch,
    small_disk::SmallDisk,
    twilio::{ACCOUNT, NUMBER, PUBLIC, TOKEN, Twilio},
    whatsapp::{SECRET, WhatsApp},
    workers::{Workers, ops},
};

/// The system admin whom set-up makes.
pub const ADMIN_EMAIL: &str = "admin@example.com";
/// Their password.
pub const ADMIN_PASSWORD: &str = "lawnmower-on-tuesday";

/// What a test wants otherwise.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is something that a test does without")]
pub struct Options {
    /// `VALIDATE_TWILIO_SIGNATURE=false`.
    pub without_validation: bool,
    /// `TRUSTED_PROXIES`.
    pub trusted_proxies: Option<&'static str>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub otlp_endpoint: Option<String>,
    /// No workers, no migrations and no business: only the ingress and its streams.
    pub ingress_only: bool,
    /// The real WhatsApp service, with a simulated WhatsApp behind it.
    pub whatsapp: bool,
    /// Handlers fail when the subject tells them to, and all that can fail is the test's own:
    /// see [`Breakable`].
    pub faults: bool,
    /// The streams lie on a small disk of their own, see [`Stack::nats_disk`]. `faults` has it too.
    pub nats_disk: bool,
    /// SQL that runs before the migrations.
    pub prepare_database: Option<&'static str>,
}

/// What the fault suite breaks beside our own processes.
#[derive(Debug)]
pub struct Breakable {
    /// The way to Twilio's recordings API.
    pub twilio: TcpProxy,
    /// The Postgres that holds the database.
    pub cluster: Cluster,
    /// The disk of the ingress's local log, where this machine lets us mount one.
    pub disk: Option<SmallDisk>,
}

/// The local log's disk, megabytes: it wants 64 free.
const DISK: u32 = 112;

/// The streams' disk, megabytes: the least that they may take, and the server's own files.
const NATS_DISK: u32 = 192;

/// nats-server, Postgres, a fake Twilio, the ingress and the workers. What comes
/// first here ends first.
#[derive(Debug)]
pub struct Stack {
    /// The ingress.
    pub ingress: Ingress,
    /// The workers.
    pub workers: Workers,
    /// Twilio's API.
    pub recordings: FakeTwilio,
    /// The WhatsApp service, where the test wants it.
    pub whatsapp: Option<WhatsApp>,
    /// nats-server.
    pub nats: NatsServer,
    /// The database.
    pub database: Database,
    /// The test's own connections to it.
    pub pool: PgPool,
    /// The disk of the streams, where the test wants one and this machine lets us mount it.
    pub nats_disk: Option<SmallDisk>,
    /// What the fault suite breaks.
    pub breakable: Option<Breakable>,
    /// Folder and logs.
    pub scratch: Scratch,
}

impl Stack {
    /// Starts everything and waits until `/ready` says so.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts everything, or what the options leave of it.
    pub async fn start_with(options: Options) -> anyhow::Result<Self> {
        let mut stack = Self::prepare(&options).await?;
        if let Some(sql) = options.prepare_database {
            sqlx::raw_sql(sql).execute(&stack.pool).await?;
        }
        if options.ingress_only {
            bus::reconcile::apply(&stack.nats.jetstream().await?, stack.nats.store_bytes()).await?;
            stack.ingress.start().await?;
        } else {
            let (status, output) = stack.ops(&["setup"]).await?;
            anyhow::ensure!(status.success(), "prosaas-ops setup failed ({status}): {output}");
            stack.workers.start()?;
            stack.ingress.start().await?;
            if let Some(whatsapp) = &mut stack.whatsapp {
                whatsapp.start().await?;
            }
            stack.becomes_ready().await?;
        }
        Ok(stack)
    }

    /// NATS and Postgres run; ingress and workers are not started, the streams not made.
    pub async fn prepare(options: &Options) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let nats_disk = if options.faults || options.nats_disk {
            SmallDisk::mount(&scratch.folder("nats")?, NATS_DISK).await?
        } else {
            None
        };
        let starting = async {
            match &nats_disk {
                Some(disk) => NatsServer::start_on(&scratch, disk, bus::definitions::LEAST_STORE_BYTES).await,
                None => NatsServer::start(&scratch).await,
            }
        };
        let (nats, recordings) = tokio::try_join!(starting, FakeTwilio::start())?;
        let breakable = if options.faults { Some(breakable(&scratch, &recordings).await?) } else { None };
        let database = match &breakable {
            Some(breakable) => Database::create_in(breakable.cluster.url()?).await?,
            None => Database::create().await?,
        };
        let pool = database.pool().await?;
        let mut common = Environment::new();
        let mut set = |name: &str, value: &str| common.insert(name.to_owned(), value.to_owned());
        set("APP_ENV", "development");
        set("NATS_STORE_MAX_BYTES", &nats.store_bytes().to_string());
        set("LOG_FORMAT", "json");
        set("RUST_LOG", "info");
        set("RUST_BACKTRACE", "1");
        set("PUBLIC_URL", PUBLIC);
        set("DATABASE_URL", &database.url());
        set("TWILIO_ACCOUNT_SID", ACCOUNT);
        set("TWILIO_AUTH_TOKEN", TOKEN);
        set("TWILIO_PHONE_NUMBER", NUMBER);
        set("ADMIN_EMAIL", ADMIN_EMAIL);
        set("ADMIN_PASSWORD", ADMIN_PASSWORD);
        let twilio = breakable.as_ref().map(|breakable| format!("http://{}", breakable.twilio.address()));
        set("TWILIO_API_BASE", &twilio.unwrap_or_else(|| recordings.base()));
        set("RECORDINGS_URL", &format!("file://{}", scratch.folder("recordings")?.display()));
        set("INTERNAL_SECRET", SECRET);
        let baileys = ports::free()?;
        let base = if options.whatsapp { format!("http://{baileys}") } else { recordings.base() };
        set("BAILEYS_BASE_URL", &base);
        if options.faults {
            set("WORKERS_INJECT_FAULTS", "true");
        }
        if let Some(endpoint) = &options.otlp_endpoint {
            set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        }
        let of = |role, more: &[(&str, &str)]| {
            let mut environment = common.clone();
            environment.insert("NATS_URL".to_owned(), nats.url(role));
            environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            environment
        };
        let workers_listen = ports::free()?.to_string();
        let mut more = Vec::new();
        if options.without_validation {
            more.push(("VALIDATE_TWILIO_SIGNATURE", "false"));
        }
        more.extend(options.trusted_proxies.map(|value| ("TRUSTED_PROXIES", value)));
        let mut ingress = Ingress::prepare(&scratch, of(bus::Role::Ingress, &more))?;
        if let Some(disk) = breakable.as_ref().and_then(|breakable| breakable.disk.as_ref()) {
            ingress.behind = Some(disk.behind()?);
        }
        let whatsapp = if options.whatsapp {
            Some(WhatsApp::prepare(&scratch, &database.url(), baileys, ingress.internal())?)
        } else {
            None
        };
        Ok(Self {
            ingress,
            whatsapp,
            workers: Workers::prepare(
                &scratch,
                of(bus::Role::Workers, &[("WORKERS_LISTEN", &workers_listen)]),
            ),
            recordings,
            nats,
            database,
            pool,
            nats_disk,
            breakable,
            scratch,
        })
    }

    /// Twilio, sending to the ingress.
    pub const fn twilio(&self) -> Twilio {
        self.ingress.twilio()
    }

    /// Runs `prosaas-ops`.
    pub async fn ops(&self, arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
        self.ops_with(arguments, &[]).await
    }

    /// Runs `prosaas-ops` with other settings; a blank one counts as not set.
    pub async fn ops_with(
        &self,
        arguments: &[&str],
        settings: &[(&str, String)],
    ) -> anyhow::Result<(ExitStatus, String)> {
        let mut environment = self.workers.environment.clone();
        environment.insert("NATS_URL".to_owned(), self.nats.url(bus::Role::Ops));
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        ops(arguments, &environment).await
    }

    /// Waits until `/ready` says that all that the stack starts is up, and a call to the first
    /// business's number is answered by its own configuration.
    pub async fn becomes_ready(&mut self) -> anyhow::Result<()> {
        let ingress = &self.ingress;
        eventually("/ready", SOON, || async move {
            let reply = ingress.ready().await?;
            anyhow::ensure!(all_of_ours_is_up(&reply.text()), "{}", reply.text());
            let businesses = ingress.metric("prosaas_call_config_businesses").await?;
            anyhow::ensure!(businesses >= 1.0, "the ingress knows no business yet");
            Ok(())
        })
        .await?;
        self.workers.ensure_running()
    }

    /// Everything of the calls that came in is there once: see [`Verdict`].
    pub async fn verdict(&self, attempts: &[Attempt]) -> anyhow::Result<Verdict> {
        Verdict::of(&self.pool, attempts).await
    }

    /// Waits until every acknowledged call has its row and nothing is waiting any
    /// more; then nothing may be there twice, and no dead letter.
    pub async fn settles(&self, attempts: &[Attempt], limit: Duration) -> anyhow::Result<Verdict> {
        let verdict = eventually("every acknowledged call has its row", limit, || async {
            let verdict = self.verdict(attempts).await?;
            anyhow::ensure!(verdict.missing == 0, "{verdict:?}");
            let waiting = self.ingress.metric("prosaas_log_depth").await?;
            anyhow::ensure!(waiting < 1.0, "{waiting} events wait in the local log");
            self.consumed().await?;
            self.verdict(attempts).await
        })
        .await?;
        anyhow::ensure!(verdict.is_sound(), "{verdict:?}");
        let dead = self.nats.messages("DEAD").await?;
        anyhow::ensure!(dead == 0, "{dead} dead letters");
        Ok(verdict)
    }

    /// Fails while a consumer of calls has something left to do.
    async fn consumed(&self) -> anyhow::Result<()> {
        let js = self.nats.jetstream().await?;
        let calls = js.get_stream_no_info(subjects::Stream::Calls.name()).await?;
        let info = calls.consumer_info(subjects::consumers::CALLS).await?;
        let left = info.num_pending + u64::try_from(info.num_ack_pending)?;
        anyhow::ensure!(left == 0, "{left} events wait for the worker");
        Ok(())
    }

    /// The business that owns the first number.
    pub async fn business(&self) -> anyhow::Result<BusinessId> {
        let id: uuid::Uuid =
            sqlx::query_scalar("SELECT business_id FROM prosaas.business_numbers WHERE e164 = $1")
                .bind(NUMBER)
                .fetch_one(&self.pool)
                .await?;
        Ok(id.into())
    }

    /// The system admin whom set-up made.
    pub async fn admin(&self) -> anyhow::Result<UserId> {
        let id: uuid::Uuid = sqlx::query_scalar("SELECT id FROM prosaas.users WHERE role = 'system_admin'")
            .fetch_one(&self.pool)
            .await?;
        Ok(id.into())
    }

    /// Publishes the command that gives the first business these settings.
    pub async fn configure(&self, settings: CallSettings) -> anyhow::Result<()> {
        let business = self.business().await?;
        let args = BusinessConfigureV1 {
            business_id: business,
            name: None,
            time_zone: None,
            expected_revision: None,
            settings,
        };
        let subject = subjects::Subject::command(&args).into_string();
        let operation = uuid::Uuid::new_v4();
        let id: EventId = format!("test:{operation}").parse()?;
        let meta = CommandMeta { operation_id: operation.into(), request_id: id.to_string(), ip: None };
        let data = Command { meta, args };
        let now = clock::system().now();
        let mut event = CloudEvent::new(id.clone(), "/test".to_owned(), business.to_string(), now, data);
        event.businessid = Some(business);
        event.actorid = Some(self.admin().await?);
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, id.as_str());
        let js = self.nats.jetstream().await?;
        js.publish_with_headers(subject, headers, event.encode()?.into()).await?.await?;
        Ok(())
    }

    /// A number that a query counts.
    pub async fn count(&self, sql: &'static str) -> anyhow::Result<i64> {
        Ok(sqlx::query(sql).fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// The test has come to its end: logs are not shown.
    pub fn passed(&self) {
        self.scratch.passed();
    }
}

async fn breakable(scratch: &Scratch, recordings: &FakeTwilio) -> anyhow::Result<Breakable> {
    let upstream = recordings.address().to_string();
    let log = scratch.folder("ingress")?;
    let (twilio, cluster, disk) = tokio::try_join!(
        TcpProxy::start(ports::free()?, upstream),
        Cluster::start(scratch),
        SmallDisk::mount(&log, DISK)
    )?;
    Ok(Breakable { twilio, cluster, disk })
}

/// Whether `/ready` misses nothing but the WhatsApp service, which most tests do
/// without: calls are answered all the same.
fn all_of_ours_is_up(report: &str) -> bool {
    let report: serde_json::Value = serde_json::from_str(report).unwrap_or_default();
    let is =
        |check: &serde_json::Value, name: &str, value: serde_json::Value| check.get(name) == Some(&value);
    report.get("checks").and_then(serde_json::Value::as_array).is_some_and(|checks| {
        checks.iter().all(|check| is(check, "ready", true.into()) || is(check, "name", "baileys".into()))
    })
}
