//! The first start, and every one after it.

use crate::app::{App, run};
use kernel::TenantId;

#[tokio::test(flavor = "multi_thread")]
async fn the_house_is_made_once_and_its_administrator_stays_what_it_became() {
    let app = App::start().await;
    let me = app.holder(&app.house).get("/v1/me").await.json();
    assert_eq!((me["tenant_id"].as_str(), &me["roles"][0]), (Some(TenantId::HOUSE.to_string().as_str()), &"house_admin".into()));
    let database = app.database.superuser().await;
    let count = "SELECT (SELECT count(*) FROM identity.tenants), (SELECT count(*) FROM identity.api_keys), (SELECT max(version) FROM identity.tenants)";
    let before = database.query_one(count, &[]).await.unwrap();
    app.runtime.shut_down().await;
    let (runtime, client) = run(&app.config, &app.clock).await;
    assert_eq!(client.with(&app.house).get("/v1/me").await.status, 200);
    let after = database.query_one(count, &[]).await.unwrap();
    for column in 0..3 {
        assert_eq!(before.get::<_, i64>(column), after.get::<_, i64>(column));
    }
    assert_eq!(after.get::<_, i64>(0), 1);
    runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_administrator_does_not_come_back_with_a_restart() {
    let app = App::start().await;
    let second = app.key(&app.house, "house_admin").await;
    let path = format!("/v1/api-keys/{}", app.house.id);
    assert_eq!(crate::app::delete(&app.holder(&second), &path).await.status, 204);
    app.until_me_is(&app.holder(&app.house), 401).await;
    app.runtime.shut_down().await;
    let (runtime, client) = run(&app.config, &app.clock).await;
    assert_eq!((client.with(&app.house).get("/v1/me").await.status, client.with(&second).get("/v1/me").await.status), (401, 200));
    assert_eq!(app.database.count(TenantId::HOUSE, "identity.key_revoked").await, 1);
    runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_is_none_stops_the_start_without_repeating_it() {
    let app = App::start().await;
    app.runtime.shut_down().await;
    for wrong in [
        "",
        "{}",
        "{\"key_id\": \"cnry-4711\", \"secret_sha256\": \"00\"}",
        "{\"key_id\": \"0193a5b0-0000-7000-8000-000000000000\", \"secret_sha256\": \"cnry-4711\"}",
    ] {
        std::fs::write(app.folder.path().join("admin.json"), wrong).unwrap();
        let runtime = testkit::runtime(kernel::Service::Identity, &app.clock);
        let refused = identity::start(app.config.clone(), runtime.clone()).await.unwrap_err();
        assert!(!format!("{refused:?}").contains("cnry"), "{refused:?}");
        runtime.shut_down().await;
    }
}
