use crate::world::{alone, mark, producer, runtime};
use bus::Views;
use events::identity::Tenant;
use events::{Outgoing, topics};
use kernel::{Service, TenantId};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use testkit::until;

fn tenant(key: u8, version: i64) -> Outgoing {
    let state = Tenant { tenant_id: vec![key; 16], version, ..Tenant::default() };
    Outgoing::new(&topics::TENANTS, &[key; 16], TenantId::HOUSE, &testkit::clock(), &state)
}

fn gone(key: u8) -> Outgoing {
    Outgoing::tombstone::<Tenant>(&topics::TENANTS, &[key; 16], TenantId::HOUSE, &testkit::clock())
}

#[tokio::test]
async fn a_publisher_says_a_state_again_when_an_older_one_came_last() {
    let config = alone().await;
    let producer = producer(&config);
    // Left behind by relays that overtook each other, before this start and after it. The tables say: 1 at version 3, 2 gone.
    producer.send(&[tenant(1, 3), tenant(1, 2), tenant(3, 1)]).await.unwrap();
    let runtime = runtime(Service::Identity);
    let mut views = Views::new(&runtime, &config);
    let view = views.add::<Tenant>(&topics::TENANTS);
    let (said, tries) = (Arc::new(Mutex::new(Vec::new())), AtomicUsize::new(0));
    let (saying, by) = (said.clone(), producer.clone());
    bus::spawn_repair(&runtime, &view, move |key| {
        let (saying, by) = (saying.clone(), by.clone());
        let fails = tries.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            anyhow::ensure!(!fails, "the first try fails");
            by.send(&[if key == [1; 16] { tenant(1, 3) } else { gone(2) }]).await?;
            saying.lock().unwrap().push(key[0]);
            Ok(())
        }
    });
    views.spawn().unwrap();
    until("what stood there is repaired", || async { *said.lock().unwrap() == [1] }).await;
    producer.send(&[tenant(2, 1), gone(2), tenant(2, 1)]).await.unwrap();
    until("a state behind its tombstone is repaired", || async { *said.lock().unwrap() == [1, 2] }).await;
    until("it is gone", || async { view.get(&[2; 16]).is_none() }).await;
    // Nobody who begins now, or reads what compaction leaves, sees anything else.
    mark(&producer, &topics::TENANTS, 0).await;
    until("all is taken in", || async { view.watermark().is_some() }).await;
    assert_eq!(*said.lock().unwrap(), [1, 2], "what is right is left alone");
    assert_eq!(view.get(&[1; 16]).map(|tenant| tenant.version), Some(3));
    runtime.shut_down().await;
}
