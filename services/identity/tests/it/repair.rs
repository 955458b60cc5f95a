//! What an overtaken process says late is said over.

use crate::app::{App, delete};
use events::identity::Principal;
use events::{Outgoing, topics};
use kernel::Service;
use testkit::{Listener, Platform};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_revoked_stays_revoked_in_the_topic() {
    let app = App::start().await;
    let (tenant, owner) = app.tenant().await;
    let listener = Listener::start(&app.kafka, &topics::PRINCIPALS).await;
    let key = app.key(&owner, "support").await;
    let made = listener.next(|event| event.key == key.id.as_bytes()).await;
    assert_eq!(delete(&app.holder(&owner), &format!("/v1/api-keys/{}", key.id)).await.status, 204);
    let revoked: Principal = listener.next(|event| event.key == key.id.as_bytes()).await.decode().unwrap();
    assert!(revoked.version == 2 && revoked.revoked_at_us > 0);
    app.until_me_is(&app.holder(&key), 401).await;

    let platform = Platform::start(&app.kafka, &app.clock, Service::Identity);
    let old: Principal = made.decode().unwrap();
    platform.say(&[Outgoing::new(&topics::PRINCIPALS, key.id.as_bytes(), tenant, &app.clock, &old)]).await;
    let said_again =
        listener.next(|event| event.key == key.id.as_bytes() && event.decode::<Principal>().is_ok_and(|state| state.version == 2)).await;
    assert_eq!(said_again.decode::<Principal>().unwrap(), revoked);
    assert_eq!(app.holder(&key).get("/v1/me").await.status, 401);
    assert_eq!(app.database.count(tenant, "identity.key_revoked").await, 1);
    app.runtime.shut_down().await;
}
