use super::{Answer, World};
use crate::{Limit, Right};
use privacy::Verb;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_verb_and_a_category_are_needed() {
    let mut world = World::new();
    let none = world.key_with(&["write"], &["personal", "business"], &["operate"]);
    let other = world.key_with(&["read", "write"], &["billing"], &["operate"]);
    let one = world.key_with(&["read", "write"], &["business"], &["operate"]);
    let both = world.key_with(&["read", "write"], &["personal", "business"], &["operate"]);
    let served = world.serve();
    let body = json!({"name": "a", "size": 1});
    Answer::to(served.get("/v1/things", &none)).await.is(403, "forbidden", Some("verb-not-granted"));
    Answer::to(served.get("/v1/things", &other)).await.is(403, "forbidden", Some("category-not-granted"));
    assert_eq!(Answer::to(served.get("/v1/things", &one)).await.status, 200, "a read needs one of its categories");
    Answer::to(served.post("/v1/things", &one, &body)).await.is(403, "forbidden", Some("category-not-granted"));
    assert_eq!(Answer::to(served.post("/v1/things", &both, &body)).await.status, 201, "a write needs all of them");
}

#[tokio::test]
async fn a_name_that_this_binary_does_not_know_allows_nothing() {
    let mut world = World::new();
    let key = world.key_with(&["read", "everything"], &["all"], &["operate", "whatever"]);
    let served = world.serve();
    Answer::to(served.get("/v1/things", &key)).await.is(403, "forbidden", Some("category-not-granted"));
    assert_eq!(
        Answer::to(served.get("/v1/caller", &key)).await.json()["limit"],
        json!({"verbs": ["read"], "categories": [], "purposes": ["operate"]})
    );
}

#[tokio::test]
async fn a_purpose_is_named_or_the_only_one() {
    let mut world = World::new();
    let one = world.key_with(&["read"], &["personal"], &["client_service:newsletter"]);
    let two = world.key_with(&["read"], &["personal"], &["client_service:newsletter", "operate"]);
    let none = world.key_with(&["read"], &["personal"], &[]);
    let served = world.serve();
    let named = |key: &str, purpose: &str| served.get("/v1/caller", key).header("mxtr-purpose", purpose.to_owned());

    assert_eq!(Answer::to(served.get("/v1/caller", &one)).await.json()["purpose"], "client_service:newsletter");
    assert_eq!(Answer::to(named(&two, "operate")).await.json()["purpose"], "operate");
    Answer::to(served.get("/v1/caller", &two)).await.is(400, "not-readable", None);
    Answer::to(served.get("/v1/caller", &none)).await.is(400, "not-readable", None);
    Answer::to(named(&two, "direct_marketing")).await.is(403, "forbidden", Some("purpose-not-granted"));
    for unknown in ["world_domination", "", "OPERATE", "operate,operate"] {
        Answer::to(named(&two, unknown)).await.is(403, "forbidden", Some("purpose-not-registered"));
    }
    let twice = named(&two, "operate").header("mxtr-purpose", "operate");
    Answer::to(twice).await.is(403, "forbidden", Some("purpose-not-registered"));
}

#[tokio::test]
async fn nobody_learns_from_a_body_a_path_or_a_header_what_a_401_would_hide() {
    let mut world = World::new();
    let weak = world.key_with(&["read"], &[], &[]);
    let served = world.serve();
    // This key is waited for before it is nobody's: the other arguments must wait too.
    let unknown = crate::apikey::mint(kernel::PrincipalId::new(&world.clock));
    let broken = |key: &str| {
        [
            served.call(Method::POST, "/v1/things").bearer_auth(key).body("{"),
            served.call(Method::POST, "/v1/things").bearer_auth(key).header("content-type", "application/json").body("{}"),
            served.call(Method::POST, "/v1/things").bearer_auth(key).header("content-type", "application/json").body("x".repeat(300_000)),
            served.call(Method::POST, "/v1/things").bearer_auth(key).header("idempotency-key", ""),
            served.call(Method::PATCH, "/v1/things/no-id").bearer_auth(key),
            served.call(Method::GET, "/v1/things?limit=x").bearer_auth(key),
        ]
    };
    for request in broken(unknown.text.expose()) {
        Answer::to(request).await.is(401, "unauthenticated", None);
    }
    for request in broken(&weak) {
        assert_eq!(Answer::to(request).await.problem().0, 403);
    }
}

#[tokio::test]
async fn a_handler_whose_document_names_another_limit_is_not_served() {
    let mut world = World::new();
    let key = world.key_with(&["read"], &["personal"], &["operate"]);
    Answer::to(world.serve().get("/v1/drift", &key)).await.is(500, "internal", None);
}

#[test]
fn a_limit_without_categories_asks_for_none() {
    struct Any;
    impl Right for Any {
        const LIMIT: Limit = Limit::any_of(Verb::Read, &[]);
    }
    assert_eq!(crate::access_limit::<Any>(), json!({"verb": "read", "categories": [], "needs": "any"}));
}
