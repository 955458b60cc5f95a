use super::{Answer, World, limit};
use crate::apikey::{ApiKey, mint};
use events::identity::TenantState;
use kernel::{Clock, PrincipalId, Timestamp, micros};
use reqwest::Method;

const PATH: &str = "/v1/caller";

fn read() -> events::identity::AccessLimit {
    limit(&["read"], &["personal"], &["operate"])
}

fn at(time: &str) -> i64 {
    micros(time.parse::<Timestamp>().unwrap())
}

#[tokio::test]
async fn a_live_key_says_who_calls() {
    let mut world = World::new();
    let tenant = world.tenant(TenantState::Active);
    let key = world.key(tenant, read(), |_| {});
    let answer = Answer::to(world.serve().get(PATH, &key)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["tenant"], tenant.to_string());
    assert_eq!(body["roles"][0], "marketer");
    assert_eq!(body["limit"]["categories"][0], "personal");
}

#[tokio::test]
async fn whoever_says_nothing_is_asked_and_whoever_says_something_wrong_is_told() {
    let served = World::new().serve();
    let silent = Answer::to(served.call(Method::GET, PATH)).await;
    silent.is(401, "unauthenticated", None);
    assert_eq!(silent.header("www-authenticate"), Some(r#"Bearer realm="mxtr""#));

    let wrong = ["Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "bearer mxtr_live_x_y_z", "Bearer é"];
    for header in wrong {
        let answer = Answer::to(served.call(Method::GET, PATH).header("authorization", header.as_bytes())).await;
        answer.is(401, "unauthenticated", None);
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="mxtr", error="invalid_token""#), "{header}");
    }
}

#[tokio::test]
async fn a_key_that_nobody_has_heard_of_and_one_with_another_secret_get_one_answer() {
    let mut world = World::new();
    let tenant = world.tenant(TenantState::Active);
    let key = world.key(tenant, read(), |_| {});
    let forged = mint(ApiKey::parse(&key).unwrap().id);
    let unknown = mint(PrincipalId::new(&Clock::system()));
    let served = world.serve();
    let mut bodies = Vec::new();
    for text in [forged.text.expose(), unknown.text.expose()] {
        let answer = Answer::to(served.get(PATH, text)).await;
        answer.is(401, "unauthenticated", None);
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("instance");
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_and_when_its_time_is_over() {
    let mut world = World::new();
    let tenant = world.tenant(TenantState::Active);
    let revoked = world.key(tenant, read(), |key| key.revoked_at_us = at("2026-11-24T08:59:59Z"));
    // Identity's clock may be ahead of ours.
    let revoked_in_our_future = world.key(tenant, read(), |key| key.revoked_at_us = at("2026-11-24T09:00:30Z"));
    let expired = world.key(tenant, read(), |key| key.expires_at_us = at("2026-11-24T09:00:00Z"));
    let expiring = world.key(tenant, read(), |key| key.expires_at_us = at("2026-11-24T09:00:01Z"));
    let served = world.serve();
    for dead in [revoked, revoked_in_our_future, expired] {
        Answer::to(served.get(PATH, &dead)).await.is(401, "unauthenticated", None);
    }
    assert_eq!(Answer::to(served.get(PATH, &expiring)).await.status, 200);
    world.clock.advance_to("2026-11-24T09:00:01Z".parse().unwrap()).unwrap();
    Answer::to(served.get(PATH, &expiring)).await.is(401, "unauthenticated", None);
}

#[tokio::test]
async fn a_tenant_is_live_suspended_or_nobody() {
    let mut world = World::new();
    let suspended = world.tenant(TenantState::Suspended);
    let suspended = world.key(suspended, read(), |_| {});
    let closed = world.tenant(TenantState::Closed);
    let closed = world.key(closed, read(), |_| {});
    let unheard = world.key(kernel::TenantId::new(&Clock::system()), read(), |_| {});
    let served = world.serve();
    Answer::to(served.get(PATH, &suspended)).await.is(403, "forbidden", Some("tenant-suspended"));
    Answer::to(served.get(PATH, &closed)).await.is(401, "unauthenticated", None);
    Answer::to(served.get(PATH, &unheard)).await.is(401, "unauthenticated", None);
}

#[tokio::test]
async fn nobody_is_let_in_on_old_facts() {
    let mut world = World::new();
    let key = world.key_with(&["read"], &["personal"], &["operate"]);
    world.stale = true;
    let served = world.serve();
    let answer = Answer::to(served.get(PATH, &key)).await;
    answer.is(503, "view-stale", None);
    assert_eq!(answer.header("retry-after"), Some("1"));
    Answer::to(served.get(PATH, "no key at all")).await.is(401, "unauthenticated", None);
}

#[tokio::test]
async fn a_key_may_be_bound_to_networks() {
    let mut world = World::new();
    let tenant = world.tenant(TenantState::Active);
    let here = world.key(tenant, read(), |key| key.networks = vec!["10.0.0.0/8".to_owned(), "127.0.0.0/8".to_owned()]);
    let elsewhere = world.key(tenant, read(), |key| key.networks = vec!["10.0.0.0/8".to_owned()]);
    let unreadable = world.key(tenant, read(), |key| key.networks = vec!["everywhere".to_owned()]);
    let served = world.serve();
    assert_eq!(Answer::to(served.get(PATH, &here)).await.status, 200);
    // Nobody in front of us can be believed.
    let claimed = served.get(PATH, &elsewhere).header("x-forwarded-for", "10.1.2.3");
    Answer::to(claimed).await.is(403, "forbidden", Some("network-not-allowed"));
    Answer::to(served.get(PATH, &unreadable)).await.is(403, "forbidden", Some("network-not-allowed"));
}

#[tokio::test]
async fn behind_trusted_proxies_the_last_address_that_they_saw_counts() {
    let mut world = World::new();
    let tenant = world.tenant(TenantState::Active);
    let key = world.key(tenant, read(), |key| key.networks = vec!["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()]);
    world.trusted_hops = 2;
    let served = world.serve();
    let allowed = [
        vec!["192.0.2.7, 10.0.0.1"],
        vec!["203.0.113.9, 192.0.2.7, 10.0.0.1"],
        vec!["203.0.113.9", "192.0.2.7", "10.0.0.1"],
        vec!["192.0.2.7:4711, 10.0.0.1"],
        vec!["::ffff:192.0.2.7, 10.0.0.1"],
        vec!["2001:db8::1, 10.0.0.1"],
        vec!["[2001:db8::1]:4711, 10.0.0.1"],
    ];
    let refused = [
        vec![],
        vec!["192.0.2.7"],
        // The caller wrote the first one.
        vec!["192.0.2.7, 203.0.113.9, 10.0.0.1"],
        vec!["unknown, 10.0.0.1"],
    ];
    for (lines, status) in allowed.iter().map(|lines| (lines, 200)).chain(refused.iter().map(|lines| (lines, 403))) {
        let request = lines.iter().fold(served.get(PATH, &key), |request, line| request.header("x-forwarded-for", *line));
        assert_eq!(Answer::to(request).await.status, status, "{lines:?}");
    }
}
