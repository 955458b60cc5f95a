use crate::world::{alone, change, hear, hears, number, poison, producer, say_raw};
use bus::{BusError, KafkaConfig, dead_letters};
use events::topics;
use kernel::Service;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

async fn letters(config: &KafkaConfig, count: usize) -> Vec<dead_letters::DeadLetter> {
    testkit::until("there are dead letters", || async { list(config).await.len() >= count }).await;
    list(config).await
}

async fn list(config: &KafkaConfig) -> Vec<dead_letters::DeadLetter> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || dead_letters::list(&config, Service::Consent).unwrap()).await.unwrap()
}

#[tokio::test]
async fn what_can_never_be_handled_becomes_a_dead_letter_and_stops_nothing() {
    let config = alone().await;
    let events = [change(1, 1), change(1, 2), change(1, 3)];
    producer(&config).send(&events).await.unwrap();
    let (handler, mut taken) = hears(|event| if number(event) == 2 { Err(poison()) } else { Ok(()) });
    let runtime = hear(&config, Service::Consent, handler);
    assert_eq!(taken.take(2).await.iter().map(number).collect::<Vec<_>>(), [1, 3]);
    let [letter] = letters(&config, 1).await.try_into().unwrap();
    assert_eq!(letter.reason, "refused-by-handler");
    assert_eq!(letter.event_id, Some(events[1].event_id.to_string()));
    assert_eq!(letter.event_type.as_deref(), Some("mxtr.contacts.v1.ContactChanged"));
    assert!(letter.from.starts_with("contacts.changes/"), "{}", letter.from);
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_dead_letter_is_handled_when_it_comes_once_more_and_the_fault_is_mended() {
    let config = alone().await;
    let event = change(1, 1);
    producer(&config).send(std::slice::from_ref(&event)).await.unwrap();
    let mended = Arc::new(AtomicBool::new(false));
    let works = mended.clone();
    let (handler, mut taken) = hears(move |_| if works.load(Ordering::SeqCst) { Ok(()) } else { Err(poison()) });
    let runtime = hear(&config, Service::Consent, handler);
    let first = letters(&config, 1).await.remove(0);
    dead_letters::redrive(&config, Service::Consent, first.partition, first.offset).await.unwrap();
    let again = letters(&config, 2).await.remove(1);
    assert_eq!((&again.from, &again.event_id), (&first.from, &first.event_id), "it is still known where it stood first");
    mended.store(true, Ordering::SeqCst);
    dead_letters::redrive(&config, Service::Consent, again.partition, again.offset).await.unwrap();
    let heard = taken.next().await;
    assert_eq!((heard.event_id, heard.topic.as_str(), number(&heard)), (event.event_id, "contacts.changes", 1));
    assert_eq!(format!("{}/{}/{}", heard.topic, heard.partition, heard.offset), first.from);
    assert_eq!(list(&config).await.len(), 2);
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_redrive_is_heard_by_its_service_alone() {
    let config = alone().await;
    producer(&config).send(&[change(1, 1)]).await.unwrap();
    let (other, mut of_other) = hears(|_| Ok(()));
    let other = hear(&config, Service::Rights, other);
    of_other.next().await;
    let mended = Arc::new(AtomicBool::new(false));
    let works = mended.clone();
    let (handler, mut taken) = hears(move |_| if works.swap(true, Ordering::SeqCst) { Ok(()) } else { Err(poison()) });
    let runtime = hear(&config, Service::Consent, handler);
    let letter = letters(&config, 1).await.remove(0);
    dead_letters::redrive(&config, Service::Consent, letter.partition, letter.offset).await.unwrap();
    taken.next().await;
    // A later event is heard by the other first of all.
    producer(&config).send(&[change(1, 2)]).await.unwrap();
    assert_eq!(number(&of_other.next().await), 2);
    runtime.shut_down().await;
    other.shut_down().await;
}

#[tokio::test]
async fn a_record_that_is_no_event_becomes_a_dead_letter() {
    let config = alone().await;
    say_raw(&config, &topics::CONTACT_CHANGES, b"key", b"what is this").await;
    let (handler, mut taken) = hears(|_| Ok(()));
    let runtime = hear(&config, Service::Consent, handler);
    let letter = letters(&config, 1).await.remove(0);
    assert_eq!((letter.reason.as_str(), letter.from.as_str(), letter.bytes), ("unreadable-envelope", "contacts.changes/0/0", 12));
    assert_eq!(letter.event_id, None);
    assert!(taken.nothing());
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_event_and_no_more() {
    let config = alone().await;
    producer(&config).send(&[change(1, 1), change(1, 2)]).await.unwrap();
    let (handler, mut taken) = hears(|event| {
        assert!(number(event) != 1, "planted");
        Ok(())
    });
    let runtime = hear(&config, Service::Consent, handler);
    assert_eq!(number(&taken.next().await), 2);
    assert_eq!(letters(&config, 1).await[0].reason, "handler-panicked");
    assert!(runtime.is_alive());
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_dead_letter_that_is_not_there_cannot_be_redriven() {
    let config = alone().await;
    let refused = dead_letters::redrive(&config, Service::Consent, 0, 7).await.unwrap_err();
    assert!(matches!(refused, BusError::NoDeadLetter), "{refused:?}");
}
