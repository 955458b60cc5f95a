use super::{Answer, Served, World};
use crate::cursor::Cursors;
use kernel::{Clock, TenantId};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

fn everything() -> (String, Served) {
    let mut world = World::new();
    let key = world.key_with(&["read", "write"], &["personal", "business"], &["operate"]);
    (key, world.serve())
}

#[tokio::test]
async fn a_list_goes_on_where_its_cursor_says() {
    let (key, served) = everything();
    let first = Answer::to(served.get("/v1/things", &key)).await.json();
    assert_eq!(first["data"][0], 0);
    let second =
        Answer::to(served.get(&format!("/v1/things?limit=200&cursor={}", first["next_cursor"].as_str().unwrap()), &key)).await.json();
    assert_eq!(second["data"][0], 50, "50 is the page when nothing is said");
    let third = Answer::to(served.get(&format!("/v1/things?cursor={}", second["next_cursor"].as_str().unwrap()), &key)).await.json();
    assert_eq!(third["data"][0], 250);
}

#[tokio::test]
async fn a_query_that_is_not_ours_is_not_readable() {
    let (key, served) = everything();
    let broken = [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=1&limit=2",
        "page=1",
        "cursor=",
        "cursor=AAAA",
        "cursor=%00",
        "cursor=%ff",
    ];
    for query in broken {
        Answer::to(served.get(&format!("/v1/things?{query}"), &key)).await.is(400, "not-readable", None);
    }
}

#[test]
fn a_cursor_is_good_for_its_tenant_its_route_and_its_service() {
    let clock = Clock::system();
    let (cursors, ours, theirs) = (Cursors::new(&[1; 32]), TenantId::new(&clock), TenantId::new(&clock));
    let cursor = cursors.encode(ours, "list_things", &("a", 7));
    assert_eq!(cursors.decode::<(String, u32)>(ours, "list_things", &cursor).unwrap(), ("a".to_owned(), 7));
    assert!(cursors.decode::<(String, u32)>(theirs, "list_things", &cursor).is_err());
    assert!(cursors.decode::<(String, u32)>(ours, "list_other_things", &cursor).is_err());
    assert!(cursors.decode::<u32>(ours, "list_things", &cursor).is_err());
    assert!(Cursors::new(&[2; 32]).decode::<(String, u32)>(ours, "list_things", &cursor).is_err());
    for place in 0..cursor.len() {
        let mut changed = cursor.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(cursors.decode::<(String, u32)>(ours, "list_things", &changed).is_err(), "{place}");
    }
    assert!(cursors.decode::<u32>(ours, "list_things", &"A".repeat(100_000)).is_err());
}

#[tokio::test]
async fn who_changes_something_says_which_version_was_read() {
    let (key, served) = everything();
    let path = format!("/v1/things/{}", uuid::Uuid::new_v4());
    let change = |seen: Option<&'static str>| -> RequestBuilder {
        let request = served.call(Method::PATCH, &path).bearer_auth(&key).json(&json!({"weight": 1}));
        seen.into_iter().fold(request, |request, seen| request.header("if-match", seen))
    };
    Answer::to(change(None)).await.is(428, "version-required", None);
    Answer::to(change(Some("*"))).await.is(428, "version-required", None);
    for stale in ["\"6\"", "\"8\"", "7", "W/\"7\"", "\"\"", "\"seven\"", "\"7"] {
        Answer::to(change(Some(stale))).await.is(412, "stale-version", None);
    }
    let done = Answer::to(change(Some("\"7\""))).await;
    assert_eq!((done.status, done.header("etag")), (200, Some("\"8\"")));
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found_like_one_that_is_nobodys() {
    let (key, served) = everything();
    for id in ["no-id", "1", "%00", "%ff", "0192f3c4-0000-7000-8000-00000000000g"] {
        let request = served
            .call(Method::PATCH, &format!("/v1/things/{id}"))
            .bearer_auth(&key)
            .header("if-match", "\"7\"")
            .json(&json!({"weight": 1}));
        let answer = Answer::to(request).await;
        answer.is(404, "not-found", None);
        assert_eq!(answer.json().as_object().unwrap().len(), 4, "type, title, status, instance and nothing about the id");
    }
    assert_eq!(Answer::to(served.call(Method::GET, "/v1/greeting/%00")).await.status, 404, "no text holds NUL");
}

#[tokio::test]
async fn an_idempotency_key_is_visible_ascii() {
    let (key, served) = everything();
    let with = |header: &[u8]| served.post("/v1/things", &key, &json!({"name": "a", "size": 1})).header("idempotency-key", header);
    let longest = "k".repeat(255);
    for good in ["k", "9f1b-…".trim_end_matches('…'), longest.as_str(), "!~"] {
        assert_eq!(Answer::to(with(good.as_bytes())).await.status, 201, "{good}");
    }
    let too_long = "k".repeat(256);
    for bad in [b"".as_slice(), b"two words", "clé".as_bytes(), too_long.as_bytes()] {
        Answer::to(with(bad)).await.is(400, "not-readable", None);
    }
    Answer::to(with(b"one").header("idempotency-key", "two")).await.is(400, "not-readable", None);
}
