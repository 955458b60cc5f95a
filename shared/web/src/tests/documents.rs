use super::api;
use crate::{document, operations_without_limit};
use kernel::Service;
use serde_json::{Value, json};

fn of_the_small_api() -> Value {
    serde_json::to_value(document(Service::Contacts, api::routes)).unwrap()
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_document_is_the_route_list() {
    let document = of_the_small_api();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["title"], "mxtr contacts");
    let create = &document["paths"]["/v1/things"]["post"];
    assert_eq!(create["operationId"], "create_thing");
    assert_eq!(create["x-access-limit"], json!({"verb": "write", "categories": ["personal", "business"], "needs": "all"}));
    assert_eq!(document["paths"]["/v1/things"]["get"]["x-access-limit"]["needs"], "any");
}

#[test]
fn every_operation_names_its_problems_and_who_may_call() {
    let document = of_the_small_api();
    let create = &document["paths"]["/v1/things"]["post"];
    assert_eq!(create["security"], json!([{"bearer": []}]));
    assert_eq!(statuses(create), ["201", "400", "401", "403", "413", "415", "422", "500", "503"]);
    assert_eq!(create["responses"]["422"], json!({"$ref": "#/components/responses/Problem"}));
    let change = &document["paths"]["/v1/things/{id}"]["patch"];
    assert!(statuses(change).contains(&"404"));
    let greet = &document["paths"]["/v1/greeting/{name}"]["get"];
    assert_eq!((greet["security"].clone(), statuses(greet)), (json!([]), vec!["200", "404", "500"]));
    let problem = &document["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(problem, "#/components/schemas/Problem");
    assert!(document["components"]["schemas"]["Problem"]["properties"]["errors"].is_object());
    assert!(document["components"]["schemas"]["FieldError"].is_object());
}

#[test]
fn headers_that_arguments_read_are_documented() {
    let document = of_the_small_api();
    let parameter = |path: &str, method: &str, name: &str| -> Value {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == name).unwrap().clone()
    };
    assert_eq!(parameter("/v1/things", "post", "Idempotency-Key")["required"], false);
    assert_eq!(parameter("/v1/things/{id}", "patch", "If-Match")["in"], "header");
    assert_eq!(parameter("/v1/things/{id}", "patch", "If-Match")["required"], true);
    assert_eq!(parameter("/v1/things/{id}", "patch", "id")["in"], "path");
    assert_eq!(parameter("/v1/caller", "get", "Mxtr-Purpose")["in"], "header");
    assert_eq!(parameter("/v1/things", "get", "limit")["schema"]["maximum"], 200);
}

#[test]
fn an_operation_that_names_no_limit_is_found() {
    assert_eq!(operations_without_limit(&document(Service::Contacts, api::routes)), [""; 0]);
    assert_eq!(operations_without_limit(&document(Service::Contacts, api::WITH_A_HOLE)), ["GET /v1/forgotten"]);
}
