//! The small API: one route of each kind that a service has.

use crate::cursor::{Cursors, Page};
use crate::etag::{IfMatch, etag};
use crate::idempotency::IdempotencyKey;
use crate::openapi::Routes;
use crate::{Caller, Limit, Path, Problem, PurposeHeader, Query, Right, ValidJson, access_limit};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use privacy::{Category, Verb};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub(super) fn routes(api: &mut ServiceConfig<'_>) {
    api.service(list_things)
        .service(create_thing)
        .service(change_thing)
        .service(show_caller)
        .service(greet)
        .service(panics)
        .service(lacks_a_part)
        .service(says_another_limit);
}

/// What a service would have served had it forgotten a limit.
pub(super) const WITH_A_HOLE: Routes = |api| {
    api.service(greet).service(forgotten);
};

pub(super) struct Read;

impl Right for Read {
    const LIMIT: Limit = Limit::any_of(Verb::Read, &[Category::Personal, Category::Business]);
}

pub(super) struct Write;

impl Right for Write {
    const LIMIT: Limit = Limit::all_of(Verb::Write, &[Category::Personal, Category::Business]);
}

pub(super) struct Look;

impl Right for Look {
    const LIMIT: Limit = Limit::verb(Verb::Read);
}

/// A new thing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateThing {
    pub name: String,
    pub size: u8,
    #[serde(default)]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub parts: Vec<Part>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Plain,
    Fancy,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    pub weight: u32,
}

#[utoipa::path(tag = "things", params(Page), extensions(("x-access-limit" = json!(access_limit::<Read>()))), responses((status = 200)))]
#[get("/v1/things")]
async fn list_things(caller: Caller<Read>, cursors: Data<Cursors>, Query(page): Query<Page>) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let after = page.cursor.map(|cursor| cursors.decode::<u32>(caller.tenant(), "list_things", &cursor)).transpose()?.unwrap_or(0);
    let next = cursors.encode(caller.tenant(), "list_things", &(after + limit));
    Ok(HttpResponse::Ok().json(json!({"data": [after], "next_cursor": next})))
}

#[utoipa::path(tag = "things", params(IdempotencyKey), request_body = CreateThing, extensions(("x-access-limit" = json!(access_limit::<Write>()))), responses((status = 201)))]
#[post("/v1/things")]
async fn create_thing(_: Caller<Write>, _: IdempotencyKey, body: ValidJson<CreateThing>) -> HttpResponse {
    HttpResponse::Created().insert_header(etag(1)).json(body.value)
}

#[utoipa::path(tag = "things", params(IfMatch), request_body = Part, extensions(("x-access-limit" = json!(access_limit::<Write>()))), responses((status = 200)))]
#[patch("/v1/things/{id}")]
async fn change_thing(_: Caller<Write>, Path(id): Path<Uuid>, seen: IfMatch, _: ValidJson<Part>) -> Result<HttpResponse, Problem> {
    seen.check(7)?;
    Ok(HttpResponse::Ok().insert_header(etag(8)).json(json!({"id": id})))
}

#[utoipa::path(tag = "things", params(PurposeHeader), extensions(("x-access-limit" = json!(access_limit::<Look>()))), responses((status = 200)))]
#[get("/v1/caller")]
async fn show_caller(caller: Caller<Look>) -> Result<HttpResponse, Problem> {
    let (limit, purpose) = (caller.limit(), caller.purpose()?.name());
    Ok(HttpResponse::Ok().json(json!({"tenant": caller.tenant(), "roles": caller.roles(), "limit": limit, "purpose": purpose})))
}

#[utoipa::path(tag = "things", extensions(("x-public" = json!(true))), responses((status = 200)))]
#[get("/v1/greeting/{name}")]
async fn greet(Path(name): Path<String>) -> String {
    format!("good morning to {} letters", name.len())
}

#[utoipa::path(tag = "things", extensions(("x-public" = json!(true))), responses((status = 200)))]
#[get("/v1/panic")]
async fn panics() -> HttpResponse {
    panic!("on purpose")
}

/// Nobody installs a number: actix answers by itself, in plain text.
#[utoipa::path(tag = "things", extensions(("x-public" = json!(true))), responses((status = 200)))]
#[get("/v1/part")]
async fn lacks_a_part(number: Data<u64>) -> String {
    number.to_string()
}

#[utoipa::path(tag = "things", extensions(("x-access-limit" = json!(access_limit::<Look>()))), responses((status = 200)))]
#[get("/v1/drift")]
async fn says_another_limit(_: Caller<Read>) -> &'static str {
    "this must not be said"
}

#[utoipa::path(tag = "things", responses((status = 200)))]
#[get("/v1/forgotten")]
async fn forgotten(_: Caller<Read>) -> &'static str {
    "nobody knows who may call this"
}
