//! The API's document is the route list.

use crate::{FieldError, Problem, problem};
use actix_web::App;
use kernel::Service;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Required,
    ResponseBuilder, Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

/// A service's routes: what is served is what is documented.
pub type Routes = fn(&mut ServiceConfig<'_>);

/// The document of a service: what its handlers say, and what they all have in common (who may call, which problems there are).
pub fn document(service: Service, routes: Routes) -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().openapi(blank(service)).configure(routes).split_for_parts();
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten() {
            complete(operation);
        }
    }
    document
}

fn blank(service: Service) -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new().title(format!("mxtr {service}")).version("1").license(Some(license)).build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key, or a token made with one.")).build();
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    let answer = ResponseBuilder::new().description("A problem document (RFC 9457).").content(problem::CONTENT_TYPE, problem).build();
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .schema(Problem::name(), Problem::schema())
        .schema(FieldError::name(), FieldError::schema())
        .response(PROBLEM, answer)
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

const BEARER: &str = "bearer";
const PROBLEM: &str = "Problem";

/// Adds what follows from the arguments that every handler has; what the handler itself says stays.
fn complete(operation: &mut Operation) {
    let asks_who = !says(operation, PUBLIC);
    operation.security = Some(if asks_who { vec![SecurityRequirement::new(BEARER, Vec::<String>::new())] } else { Vec::new() });
    let in_path = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path);
    let has_id = operation.parameters.iter().flatten().any(in_path);
    let has_more = operation.parameters.iter().flatten().any(|parameter| !in_path(parameter));
    let has_body = operation.request_body.is_some();
    let common: [(&[&str], bool); 6] = [
        (&["401", "403"], asks_who),
        (&["404"], has_id),
        (&["400"], has_body || has_more || asks_who),
        (&["413", "415", "422"], has_body),
        (&["500"], true),
        (&["503"], asks_who),
    ];
    for (statuses, applies) in common {
        for status in statuses.iter().filter(|_| applies) {
            operation.responses.responses.entry((*status).to_owned()).or_insert_with(|| Ref::from_response_name(PROBLEM).into());
        }
    }
}

/// A header that an argument of ours reads.
pub(crate) fn header(name: &str, says: &str, required: Required) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(says))
        .schema(Some(text))
        .build()
}

fn says(operation: &Operation, name: &str) -> bool {
    operation.extensions.as_ref().is_some_and(|extensions| extensions.contains_key(name))
}

const PUBLIC: &str = "x-public";

/// `METHOD path` of each operation that neither names its limit (`x-access-limit`) nor is public (`x-public`).
/// A service's tests hold this empty.
pub fn operations_without_limit(document: &OpenApi) -> Vec<String> {
    let mut without = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            if !says(operation, "x-access-limit") && !says(operation, PUBLIC) {
                without.push(format!("{method} {path}"));
            }
        }
    }
    without
}

/// The operations of a path, by method.
pub(crate) fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("PATCH", &item.patch), ("DELETE", &item.delete)]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
        .collect()
}
