use super::{Answer, World};
use crate::problem::REASONS;
use crate::{Problem, Slug};
use reqwest::Method;
use std::collections::HashSet;

#[tokio::test]
async fn every_answer_has_the_headers_whatever_it_is() {
    let served = World::new().serve();
    for path in ["/v1/greeting/you", "/v1/nowhere", "/v1/caller", "/v1/panic", "/v1/part"] {
        let answer = Answer::to(served.call(Method::GET, path)).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.header("mxtr-trace-id").unwrap().len(), 32, "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
    }
}

#[tokio::test]
async fn no_route_and_no_method_are_problems() {
    let served = World::new().serve();
    for path in ["/", "/v1", "/v1/things/", "/v2/things", "/v1/things/a/b", "/%ff", "//"] {
        Answer::to(served.call(Method::GET, path)).await.is(404, "not-found", None);
    }
    let answer = Answer::to(served.call(Method::DELETE, "/v1/things")).await;
    answer.is(405, "method-not-allowed", None);
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    let made_up = Method::from_bytes(b"CONJURE").unwrap();
    Answer::to(served.call(made_up, "/v1/things")).await.is(405, "method-not-allowed", None);
}

#[tokio::test]
async fn what_fails_on_our_side_says_nothing_but_its_trace() {
    let served = World::new().serve();
    for path in ["/v1/panic", "/v1/part"] {
        let answer = Answer::to(served.call(Method::GET, path)).await;
        answer.is(500, "internal", None);
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["instance", "status", "title", "type"], "{path}");
        assert_eq!(body["instance"], answer.header("mxtr-trace-id").unwrap());
    }
    assert_eq!(Answer::to(served.call(Method::GET, "/v1/greeting/you")).await.status, 200, "one panic ends one request");
}

#[tokio::test]
async fn every_problem_has_a_page() {
    let served = World::new().serve();
    let index = Answer::to(served.call(Method::GET, "/problems")).await;
    for slug in Slug::ALL {
        let page = Answer::to(served.call(Method::GET, &format!("/problems/{}", slug.name))).await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")), "{}", slug.name);
        assert!(
            page.text.contains("<html lang=\"en\">")
                && page.text.contains(&format!("<h1>{}</h1>", slug.title))
                && page.text.contains(slug.help)
        );
        assert!(index.text.contains(&format!("/problems/{}", slug.name)));
    }
    let forbidden = Answer::to(served.call(Method::GET, "/problems/forbidden")).await.text;
    assert!(REASONS.iter().all(|reason| forbidden.contains(reason)));
    Answer::to(served.call(Method::GET, "/problems/made-up")).await.is(404, "not-found", None);
}

#[test]
fn problems_have_names_of_their_own_and_words_that_html_can_hold() {
    let names: HashSet<_> = Slug::ALL.iter().map(|slug| slug.name).collect();
    assert_eq!(names.len(), Slug::ALL.len());
    for slug in Slug::ALL {
        assert!(slug.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", slug.name);
        assert!(!slug.title.contains(['<', '&', '.']) && !slug.help.contains(['<', '&']), "{}", slug.name);
        assert_eq!(Slug::of_status(slug.status).status, slug.status);
    }
    assert_eq!(Slug::of_status(409), Slug::CONFLICT);
    assert_eq!(Slug::of_status(503), Slug::UNAVAILABLE);
    assert_eq!(Slug::of_status(502), Slug::INTERNAL);
    assert_eq!(Slug::of_status(418), Slug::NOT_READABLE);
}

#[test]
fn faults_add_up() {
    let problem = Problem::invalid("/email", "invalid-email", "This is no address.").and("/name", "missing", "This field is needed.");
    let body = serde_json::to_value(&problem).unwrap();
    assert_eq!(body["errors"].as_array().unwrap().len(), 2);
    assert_eq!(body["errors"][1]["pointer"], "/name");
    assert_eq!(body["type"], "/problems/invalid");
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_path() {
    let served = World::new().serve();
    Answer::to(served.call(Method::GET, "/v1/greeting/ada@canary.example")).await;
    Answer::to(served.call(Method::from_bytes(b"CONJURE").unwrap(), "/v1/nowhere")).await;
    let families = served.runtime.metrics().gather();
    let text = prometheus::TextEncoder::new().encode_to_string(&families).unwrap();
    assert!(text.contains("method=\"GET\",route=\"/v1/greeting/{name}\""), "{text}");
    assert!(text.contains("method=\"other\",route=\"unmatched\""), "{text}");
    assert!(!text.contains("canary") && !text.contains("CONJURE"), "{text}");
}

#[tokio::test]
async fn the_port_closes_when_the_service_stops() {
    let served = World::new().serve();
    assert_eq!(Answer::to(served.call(Method::GET, "/v1/greeting/you")).await.status, 200);
    served.runtime.shut_down().await;
    assert!(served.call(Method::GET, "/v1/greeting/you").send().await.is_err());
    assert!(served.runtime.is_alive());
}
