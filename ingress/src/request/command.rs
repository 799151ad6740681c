//! Commands: accepted into the local log at once, applied by a worker.

use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use prosaas_domain::ids::{BusinessId, OperationId, UserId};
use prosaas_event_log::{AppendError, NewEvent};
use prosaas_events::{
    CloudEvent, EventId,
    crm::{Command, CommandArgs, CommandMeta},
    subjects::Subject,
};
use utoipa::{
    IntoResponses,
    openapi::{self, ContentBuilder, RefOr, ResponseBuilder},
};
use uuid::Uuid;

use super::{
    operation::{self, Operation, OperationAnswer, OperationState, OperationToken},
    waiting::{subscribe, wait_for},
};
use crate::{
    http::{
        idempotency::{self, IdempotencyKey},
        keys::{Hash, digest},
        prefer::Wait,
        problem::Problem,
        session::Session,
    },
    request::meta::RequestMeta,
    state::App,
};

/// Where commands come from.
const SOURCE: &str = "/ingress/api";

/// The accepted command's operation, and how it is answered.
#[derive(Debug)]
pub struct CommandResponse {
    operation: Operation,
    waited: Option<Wait>,
}

impl CommandResponse {
    /// The operation as it stood when the answer was made.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }
}

/// Who asks for a command, and what makes it the same as another.
pub struct Request<'a> {
    /// Who asks for it.
    pub actor: UserId,
    /// The business that it is about; none for the system's own.
    pub business: Option<BusinessId>,
    /// What makes it unique together with the actor: an `Idempotency-Key`, or a
    /// random text.
    pub key: &'a str,
    /// What is asked, as a hash: of the request, or of what it stands for.
    pub fingerprint: &'a Hash,
}

impl Request<'_> {
    /// SHA-256 of type, business, actor, key and fingerprint.
    fn message_id<T: CommandArgs>(&self) -> Hash {
        let business = self.business.map_or(Uuid::nil(), |business| business.0);
        let parts: [&[u8]; 5] = [
            T::TYPE.as_bytes(),
            business.as_bytes(),
            self.actor.0.as_bytes(),
            self.key.as_bytes(),
            self.fingerprint,
        ];
        digest(&parts)
    }
}

/// The id of an entity that a command makes: the same for the same request under the
/// same `Idempotency-Key`, so that a command sent twice names one entity.
pub fn new_id(session: &Session, meta: &RequestMeta) -> Uuid {
    match &meta.idempotency_key {
        None => Uuid::now_v7(),
        Some(key) => {
            let hash = digest(&[
                b"entity",
                session.user_id.0.as_bytes(),
                key.as_str().as_bytes(),
                &meta.fingerprint,
            ]);
            uuid::Builder::from_custom_bytes(first_half(&hash)).into_uuid()
        }
    }
}

/// Accepts a command of a session's person. The handler has checked rights, form and
/// what can be known of the target at once.
///
/// # Errors
/// 422 for an `Idempotency-Key` that stands for another request; 503 where the log
/// takes nothing; with `Prefer: wait` also whatever the worker refuses it for.
pub async fn submit<T: CommandArgs>(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    business: Option<BusinessId>,
    args: T,
) -> Result<CommandResponse, Problem> {
    let accepted = ask(app, session, meta, business, args, meta.wait.is_some()).await?;
    accepted.outcome(app, meta.wait).await
}

/// As [`submit`], for who looks after the command itself; `listen` where it will wait
/// for the outcome.
pub async fn ask<T: CommandArgs>(
    app: &App,
    session: &Session,
    meta: &RequestMeta,
    business: Option<BusinessId>,
    args: T,
    listen: bool,
) -> Result<Accepted, Problem> {
    let fresh;
    let key = if let Some(key) = &meta.idempotency_key {
        key.as_str()
    } else {
        fresh = Uuid::new_v4().to_string();
        &fresh
    };
    let request = Request { actor: session.user_id, business, key, fingerprint: &meta.fingerprint };
    accept(app, &request, meta, args, listen).await
}

/// A command that is kept.
#[derive(Debug)]
pub struct Accepted {
    id: OperationId,
    operation: Operation,
    notice: Option<async_nats::Subscriber>,
}

/// Keeps a command in somebody's name: who invited a person asks for them to be made.
/// Who will wait for its outcome listens before it is kept, or may miss the notice.
pub async fn accept<T: CommandArgs>(
    app: &App,
    request: &Request<'_>,
    meta: &RequestMeta,
    args: T,
    listen: bool,
) -> Result<Accepted, Problem> {
    let message_id = request.message_id::<T>();
    let id = OperationId(Uuid::from_bytes(first_half(&message_id)));
    let repeated = meta.idempotency_key.as_ref().filter(|key| key.as_str() == request.key);
    let issued_at = claim(app, request, repeated, id).await?;
    let token = OperationToken { id, business: request.business, actor: request.actor, issued_at };
    let text = token.encode(&app.api.operation_key);

    if repeated.is_some()
        && let Some(operation) = operation::outcome(&app.api.database, id, &text).await?
    {
        return Ok(Accepted { id, operation, notice: None });
    }
    let operation = Operation {
        id: text,
        state: OperationState::Pending,
        action: Some(T::ACTION.to_owned()),
        entity_id: Some(args.entity()),
        result: None,
        problem: None,
        finished_at: None,
    };
    let notice = if listen { subscribe(app, request.business, id).await } else { None };
    append(app, request, &message_id, id, meta, args).await?;
    Ok(Accepted { id, operation, notice })
}

impl Accepted {
    /// How the command has ended, where it has.
    pub async fn ended(&self, app: &App) -> Result<Option<Operation>, Problem> {
        operation::outcome(&app.api.database, self.id, &self.operation.id).await
    }

    /// The answer: at once, or when the outcome is there or the time is over.
    ///
    /// # Errors
    /// The problem of a command that was refused, for who waited.
    pub async fn outcome(self, app: &App, wait: Option<Wait>) -> Result<CommandResponse, Problem> {
        let operation = match wait {
            Some(wait) if self.operation.state == OperationState::Pending => {
                wait_for(app, self.operation, self.id, self.notice, wait).await
            }
            _ => self.operation,
        };
        match operation.problem {
            Some(problem) if wait.is_some() => Err(problem),
            _ => Ok(CommandResponse { operation, waited: wait }),
        }
    }
}

/// When the operation was asked for first.
async fn claim(
    app: &App,
    request: &Request<'_>,
    repeated: Option<&IdempotencyKey>,
    operation: OperationId,
) -> Result<chrono::DateTime<chrono::Utc>, Problem> {
    match repeated {
        Some(key) => {
            idempotency::claim(&app.api.database, request.actor, key, request.fingerprint, operation).await
        }
        None => Ok(app.clock.now()),
    }
}

async fn append<T: CommandArgs>(
    app: &App,
    request: &Request<'_>,
    message_id: &Hash,
    operation_id: OperationId,
    meta: &RequestMeta,
    args: T,
) -> Result<(), Problem> {
    let subject = Subject::command(&args);
    let entity = args.entity().to_string();
    let data = Command {
        meta: CommandMeta { operation_id, request_id: meta.request_id.clone(), ip: Some(meta.ip) },
        args,
    };
    let id = EventId::digest(message_id);
    let mut event = CloudEvent::new(id, SOURCE.to_owned(), entity, app.clock.now(), data);
    event.businessid = request.business;
    event.actorid = Some(request.actor);
    event.traceparent = meta.trace.map(|trace| trace.to_string());
    let event = NewEvent::encode(subject, event).map_err(|error| {
        tracing::error!(event = "api.command_unencodable", action = T::ACTION, %error);
        Problem::internal()
    })?;
    let appended = app.api.log.append(event).await;
    let outcome = if appended.is_ok() { "accepted" } else { "refused" };
    metrics::counter!("prosaas_commands_total", "action" => T::ACTION, "outcome" => outcome).increment(1);
    appended.map_err(|error| {
        tracing::error!(event = "api.command_not_kept", action = T::ACTION, %error);
        match error {
            AppendError::TooLarge => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "/problems/too-large",
                "Too large",
                "This change is too large to be kept.",
            ),
            AppendError::Full | AppendError::Unavailable => Problem::unavailable(),
        }
    })
}

impl IntoResponse for CommandResponse {
    fn into_response(self) -> Response {
        let finished = self.waited.is_some() && self.operation.state != OperationState::Pending;
        let status = if finished { StatusCode::OK } else { StatusCode::ACCEPTED };
        let location = HeaderValue::from_str(&format!("/api/operations/{}", self.operation.id));
        let mut response =
            (status, Json(OperationAnswer { success: true, operation: self.operation })).into_response();
        if let Ok(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(applied) = self.waited.and_then(|wait| HeaderValue::from_str(&wait.applied()).ok()) {
            response.headers_mut().insert("preference-applied", applied);
        }
        response
    }
}

/// What every route that takes a command answers, for the API's description.
impl IntoResponses for CommandResponse {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let answer = |description: &str| {
            let schema = openapi::Ref::from_schema_name("OperationAnswer");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            ResponseBuilder::new().description(description).content("application/json", content)
        };
        openapi::ResponsesBuilder::new()
            .response("200", answer("Done: the operation has succeeded, for who asked to wait"))
            .response("202", answer("Accepted: the operation says how it went"))
            .build()
            .into()
    }
}

fn first_half(hash: &Hash) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    half
}

#[cfg(test)]
mod tests {
    use prosaas_domain::ids::LeadId;
    use prosaas_events::crm::lead::{LeadDeleteV1, LeadRestoreV1};

    use super::*;

    #[test]
    fn a_message_id_depends_on_everything_that_makes_the_command() {
        let (actor, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let business = Some(BusinessId(Uuid::from_u128(3)));
        let (body, another) = ([1; 32], [2; 32]);
        let request = Request { actor, business, key: "key", fingerprint: &body };
        let id = request.message_id::<LeadDeleteV1>();
        assert_eq!(id, request.message_id::<LeadDeleteV1>());
        assert_ne!(id, request.message_id::<LeadRestoreV1>());
        for changed in [
            Request { actor: other, ..request },
            Request { business: None, ..request },
            Request { key: "other", ..request },
            Request { fingerprint: &another, ..request },
        ] {
            assert_ne!(id, changed.message_id::<LeadDeleteV1>());
        }
        let args = LeadDeleteV1 { lead_id: LeadId(Uuid::nil()) };
        assert_eq!(LeadDeleteV1::ACTION, "lead.delete");
        assert_eq!(args.entity(), Uuid::nil());
    }
}
