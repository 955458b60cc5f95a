//! What the document says of each operation, at hand while serving: the methods of a path, and the limit of a handler.

use crate::caller::access_limit;
use crate::openapi::operations;
use crate::{Problem, Right, Slug};
use actix_web::dev::ResourceDef;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::openapi::OpenApi;

/// The operations of a service, by path.
pub(crate) struct Operations(Vec<Served>);

struct Served {
    path: String,
    pattern: ResourceDef,
    method: &'static str,
    /// `x-access-limit`; nothing where the operation is public.
    limit: Option<Value>,
}

impl Operations {
    pub fn of(document: &OpenApi) -> Self {
        let mut served = Vec::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                let limit = operation.extensions.as_ref().and_then(|extensions| extensions.get("x-access-limit")).cloned();
                served.push(Served { path: path.clone(), pattern: ResourceDef::new(path.as_str()), method, limit });
            }
        }
        Self(served)
    }

    /// The methods of everything that a path matches.
    fn methods(&self, path: &str) -> BTreeSet<&'static str> {
        self.0.iter().filter(|served| served.pattern.is_match(path)).map(|served| served.method).collect()
    }

    /// Where debug assertions are on, refuses to serve an operation whose document names another limit than its handler's caller: the two cannot
    /// drift apart without each test of the route showing it.
    pub fn check<R: Right>(request: &HttpRequest) -> Result<(), Problem> {
        if !cfg!(debug_assertions) {
            return Ok(());
        }
        let (Some(operations), Some(path)) = (request.app_data::<Data<Self>>(), request.match_pattern()) else { return Ok(()) };
        let served = operations.0.iter().find(|served| served.path == path && served.method == request.method().as_str());
        if served.is_none_or(|served| served.limit.as_ref() == Some(&access_limit::<R>())) {
            return Ok(());
        }
        tracing::error!(path, method = %request.method(), "the document of an operation names another limit than its handler asks for");
        Err(Problem::new(Slug::INTERNAL))
    }
}

/// No route: the path is nobody's, or its methods are others.
pub(crate) async fn nowhere(request: HttpRequest, operations: Data<Operations>) -> HttpResponse {
    let methods: Vec<_> = operations.methods(request.path()).into_iter().collect();
    let problem =
        if methods.is_empty() { Problem::new(Slug::NOT_FOUND) } else { Problem::new(Slug::METHOD_NOT_ALLOWED).allow(methods.join(", ")) };
    problem.response()
}
