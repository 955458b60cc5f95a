//! The API's document is the route list.

use actix_web::App;
use kernel::Service;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem};
use utoipa_actix_web::AppExt as _;
use utoipa_actix_web::service_config::ServiceConfig;

/// A service's routes: what is served is what is documented.
pub type Routes = fn(&mut ServiceConfig<'_>);

/// The document of a service.
pub fn document(service: Service, routes: Routes) -> OpenApi {
    let (_, document) = App::new().into_utoipa_app().openapi(blank(service)).configure(routes).split_for_parts();
    document
}

pub(crate) fn blank(service: Service) -> OpenApi {
    let info = InfoBuilder::new()
        .title(format!("mxtr {service}"))
        .version("1")
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key, or a token made with one.")).build();
    let components = ComponentsBuilder::new().security_scheme("bearer", SecurityScheme::Http(bearer)).build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// (path, method, operation id) of each operation that neither names its limit (`x-access-limit`) nor is public (`x-public`).
/// A service's tests hold this empty.
pub fn operations_without_limit(document: &OpenApi) -> Vec<String> {
    let mut without = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            let says = |name: &str| operation.extensions.as_ref().is_some_and(|extensions| extensions.contains_key(name));
            if !says("x-access-limit") && !says("x-public") {
                without.push(format!("{method} {path}"));
            }
        }
    }
    without
}

/// The operations of a path, by method.
pub(crate) fn operations(item: &PathItem) -> Vec<(&'static str, &utoipa::openapi::path::Operation)> {
    [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
    .collect()
}
