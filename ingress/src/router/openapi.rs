//! The API's document (OpenAPI 3.1), from the code. What every operation has in common
//! is added here, so that a handler declares only what is its own.

use prosaas_domain::ids::ReplayId;
use utoipa::{
    OpenApi, ToSchema as _,
    openapi::{
        Content, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    api::operators::replay::ReplayResult,
    http::{
        cookie,
        problem::{self, Problem},
    },
    request::operation::OperationAnswer,
};

/// The name of the security scheme.
const SESSION: &str = "session";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ProSaaS",
        version = "1",
        description = "The API of the web app. A change is a command: it is accepted at once (202) and \
                       applied by a worker; `Prefer: wait=N` waits up to N (at most 30) seconds for the \
                       outcome, and `Idempotency-Key` makes sending it again safe. Errors are problem \
                       documents (RFC 9457). Requests that change something must come from our own pages: \
                       a browser's `Origin` and `Sec-Fetch-Site` are checked."
    ),
    components(schemas(Problem, OperationAnswer, ReplayId, ReplayResult)),
    tags(
        (name = "auth", description = "Logging in and out, passwords, invitations"),
        (name = "people", description = "Who works where"),
        (name = "businesses", description = "Tenants and their settings"),
        (name = "leads", description = "Customers to be"),
        (name = "calls", description = "Calls and recordings"),
        (name = "whatsapp", description = "Linking the business's WhatsApp account"),
        (name = "live", description = "What changes, as it changes"),
        (name = "operations", description = "What became of commands"),
        (name = "audit", description = "Who changed what"),
        (name = "operators", description = "What failed, running it again, pausing workers"),
    )
)]
struct Document;

/// Answers that any operation may give.
const ALWAYS: [(&str, &str); 4] = [
    ("400", "The request cannot be read"),
    ("429", "Too often; `Retry-After` says when to come back"),
    ("500", "A fault of ours"),
    ("503", "Something that we need is away; nothing was changed"),
];

/// Answers of an operation that takes a session.
const WITH_SESSION: [(&str, &str); 2] =
    [("401", "Nobody is logged in, or no longer"), ("403", "The role does not allow it")];

/// Answers to every request that changes something: whatever body it has is read, and has a limit
/// (`request_meta::MAX_BODY_BYTES`).
const CHANGING: [(&str, &str); 2] = [
    ("403", "The request came from another site's page"),
    ("413", "The body is too large: at most 262,144 bytes are read"),
];

/// Answers of an operation that takes a body.
const WITH_BODY: [(&str, &str); 2] = [("415", "The body is no JSON"), ("422", "A field is not valid")];

/// Answers of a command: what the worker may refuse it for, under `Prefer: wait`.
const COMMAND: [(&str, &str); 4] = [
    ("404", "There is no such thing"),
    ("409", "Something there stands against it"),
    ("412", "It was changed meanwhile"),
    ("422", "A field is not valid, or the Idempotency-Key stands for another request"),
];

/// The document of these routes, with what every operation shares with others.
pub fn complete(routes: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(routes);
    let components = document.components.get_or_insert_default();
    let description = "Opaque token of the login. Named prosaas_session, without Secure, only where the \
                       service's address is plain HTTP on loopback.";
    components.add_security_scheme(
        SESSION,
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(cookie::NAME, description))),
    );
    for (path, item) in &mut document.paths.paths {
        for operation in [&mut item.get, &mut item.head].into_iter().flatten() {
            share(operation, path, &[]);
        }
        for operation in
            [&mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
        {
            share(operation, path, &CHANGING);
        }
    }
    document
}

fn share(operation: &mut Operation, path: &str, of_its_method: &[(&str, &str)]) {
    // An operation that says nothing of security takes a session.
    let open = operation.security.as_ref().is_some_and(Vec::is_empty);
    if !open {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SESSION, [])]);
        add(operation, &WITH_SESSION);
    }
    if operation.responses.responses.contains_key("202") && !open {
        add(operation, &COMMAND);
        command_headers(operation);
    }
    add(operation, of_its_method);
    if operation.request_body.is_some() {
        add(operation, &WITH_BODY);
    }
    let names_business =
        operation.parameters.iter().flatten().any(|parameter| is_named(parameter, "business_id"));
    if path.contains('{') || names_business {
        add(operation, &[("404", "There is no such thing")]);
    }
    add(operation, &ALWAYS);
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            dress(status, response);
        }
    }
}

fn is_named(parameter: &RefOr<Parameter>, name: &str) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name == name)
}

fn add(operation: &mut Operation, answers: &[(&str, &str)]) {
    for (status, description) in answers {
        let responses = &mut operation.responses.responses;
        responses
            .entry((*status).to_owned())
            .or_insert_with(|| ResponseBuilder::new().description(*description).build().into());
    }
}

/// Errors are problems; every answer carries the request's id.
fn dress(status: &str, response: &mut Response) {
    let text = |description: &str| {
        HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some(description))
            .build()
    };
    let mut header = |name: &str, description: &str| {
        response.headers.entry(name.to_owned()).or_insert_with(|| text(description).into());
    };
    header("x-request-id", "The request's id, which log and audit records have too");
    match status {
        "202" => header("location", "The operation"),
        "429" | "503" => header("retry-after", "Seconds to wait"),
        _ => {}
    }
    if status.starts_with(['4', '5']) {
        let schema = Ref::from_schema_name(Problem::name());
        response.content.insert(problem::MEDIA_TYPE.to_owned(), Content::new(Some(schema)).into());
    }
}

fn command_headers(operation: &mut Operation) {
    let header = |name: &str, description: &str, schema: ObjectBuilder| -> RefOr<Parameter> {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema.schema_type(Type::String)))
            .build()
            .into()
    };
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(header(
        "Idempotency-Key",
        "The same key with the same request is the same operation; with another request it is refused",
        ObjectBuilder::new().min_length(Some(1)).max_length(Some(255)).pattern(Some("^[!-~]+$")),
    ));
    parameters.push(header(
        "Prefer",
        "`wait=N`: wait up to N seconds, at most 30, for the outcome",
        // Preferences that nobody knows are ignored (RFC 7240, section 2).
        ObjectBuilder::new(),
    ));
}
