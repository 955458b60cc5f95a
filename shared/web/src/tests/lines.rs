use super::{Answer, World};
use reqwest::Method;
use serde_json::json;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use tracing_subscriber::fmt::MakeWriter;

const CANARY: &str = "grace.hopper@canary.example";

/// Every line of this test binary, at every level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(lines.clone()).init();
    lines
});

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_line_tells_the_route_the_tenant_and_nothing_that_the_caller_wrote() {
    let lines = LINES.clone();
    let mut world = World::new();
    let key = world.key_with(&["read", "write"], &["personal", "business"], &["operate"]);
    let served = world.serve();
    let with_everything = |method: Method, path: &str| {
        let request = served.call(method, path).bearer_auth(&key).header("user-agent", CANARY).header("mxtr-purpose", CANARY);
        request.header("idempotency-key", CANARY).header("traceparent", CANARY).header("x-forwarded-for", CANARY)
    };
    let address = format!("/v1/greeting/{CANARY}");
    for path in [address.as_str(), "/v1/nowhere/grace.hopper@canary.example", "/v1/things?cursor=grace.hopper@canary.example", "/v1/caller"]
    {
        Answer::to(with_everything(Method::GET, path)).await;
    }
    Answer::to(with_everything(Method::POST, "/v1/things").json(&json!({"name": CANARY, "size": CANARY}))).await.is(422, "invalid", None);
    Answer::to(served.get("/v1/caller", CANARY)).await.is(401, "unauthenticated", None);

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let of_ours: Vec<_> = text.lines().filter(|line| line.contains("web::") || line.contains("runtime::")).collect();
    let told = |needles: &[&str]| of_ours.iter().any(|line| needles.iter().all(|needle| line.contains(needle)));
    let tenant = kernel::TenantId::from_slice(&world.tenants[0].tenant_id).unwrap();
    assert!(told(&["answered GET /v1/greeting/{name}", "status=200", "took_us="]), "{of_ours:#?}");
    assert!(told(&["answered POST /v1/things", "status=422", &format!("tenant={tenant}")]), "{of_ours:#?}");
    assert!(told(&["answered GET unmatched", "status=404"]));
    let secret = key.split('_').nth(3).unwrap();
    assert!(!of_ours.iter().any(|line| line.contains("canary") || line.contains(secret)), "{of_ours:#?}");
}
