//! Routes, and, only where it is asked for, what the document says of them: the service
//! would build megabytes at its start that nobody reads.

use axum::{
    Router,
    handler::Handler,
    routing::{MethodFilter, on},
};
use utoipa::{
    __dev::{SchemaReferences, Tags},
    Path,
    openapi::{OpenApi, path::HttpMethod},
};

use crate::state::App;

/// What is written down of routes while they are added.
pub trait Description: Default {
    /// Writes down an operation.
    fn describe<P: Path + SchemaReferences + Tags<'static>>(&mut self);

    /// Takes over what was written down elsewhere.
    fn merge(&mut self, other: Self);
}

/// Nothing, for the service.
impl Description for () {
    fn describe<P: Path + SchemaReferences + Tags<'static>>(&mut self) {}

    fn merge(&mut self, (): Self) {}
}

/// The document.
impl Description for OpenApi {
    fn describe<P: Path + SchemaReferences + Tags<'static>>(&mut self) {
        let mut operation = P::operation();
        operation.tags.get_or_insert_default().extend(P::tags().into_iter().map(str::to_owned));
        self.paths.add_path_operation(P::path(), P::methods(), operation);
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        self.components.get_or_insert_default().schemas.extend(schemas);
    }

    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }
}

/// Routes with their description.
#[derive(Default)]
pub struct Routes<D> {
    router: Router<App>,
    description: D,
}

impl<D: Description> Routes<D> {
    /// Adds the handler of the operation `P`; [`routes!`] finds the one by the other.
    #[must_use]
    pub fn route<P, H, T>(mut self, handler: H) -> Self
    where
        P: Path + SchemaReferences + Tags<'static>,
        H: Handler<T, App>,
        T: 'static,
    {
        self.description.describe::<P>();
        if let Some(methods) = P::methods().iter().map(filter).reduce(MethodFilter::or) {
            self.router = self.router.route(&P::path(), on(methods, handler));
        }
        self
    }

    /// With those routes too.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.description.merge(other.description);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// The same routes behind something that lies around them.
    #[must_use]
    pub fn map(self, wrap: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        Self { router: wrap(self.router), ..self }
    }

    /// What answers.
    pub fn into_router(self) -> Router<App> {
        self.router
    }

    /// What was written down.
    pub fn into_description(self) -> D {
        self.description
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

/// The routes of handlers that `#[utoipa::path]` describes, as `module::handler`.
macro_rules! routes {
    ($($module:ident :: $handler:ident),+ $(,)?) => {
        $crate::request::routes::Routes::default()
            $(.route::<pastey::paste!($module::[<__path_ $handler>]), _, _>($module::$handler))+
    };
}
pub(crate) use routes;
