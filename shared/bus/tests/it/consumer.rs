use crate::world::{Hears, Taken, alone, change, change_on, hear, hears, metric, number, poison, producer, retry};
use bus::{Handler, Rejected};
use events::{Incoming, Topic, topics};
use kernel::Service;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use testkit::until;
use tokio::sync::mpsc;

/// What was taken, by key, as numbers.
fn by_key(events: &[Incoming]) -> HashMap<u8, Vec<i64>> {
    let mut keys: HashMap<u8, Vec<i64>> = HashMap::new();
    for event in events {
        keys.entry(event.key[0]).or_default().push(number(event));
    }
    keys
}

#[tokio::test]
async fn events_of_a_key_are_handled_in_their_order_also_when_some_are_tried_again() {
    let config = alone().await;
    let events: Vec<_> = (0..60).flat_map(|number| (0..7).map(move |key| change(key, number))).collect();
    producer(&config).send(&events).await.unwrap();
    let tried = Mutex::new(HashMap::new());
    let (handler, mut taken) = hears(move |event| {
        let mut tried = tried.lock().unwrap();
        let count: &mut usize = tried.entry(event.event_id).or_default();
        *count += 1;
        if number(event) % 29 == 3 && *count < 3 { Err(retry()) } else { Ok(()) }
    });
    let runtime = hear(&config, Service::Consent, handler);
    let keys = by_key(&taken.take(events.len()).await);
    assert_eq!(keys.len(), 7);
    assert!(keys.values().all(|numbers| numbers.iter().copied().eq(0..60)), "{keys:?}");
    assert_eq!(metric(&runtime, "events_retried_total"), 2 * 2 * 7);
    runtime.shut_down().await;
}

#[tokio::test]
async fn an_event_that_must_be_tried_again_holds_up_its_partition_and_no_other() {
    let config = alone().await;
    let mended = Arc::new(AtomicBool::new(false));
    let works = mended.clone();
    let (handler, mut taken) =
        hears(move |event| if event.partition == 0 && !works.load(Ordering::SeqCst) { Err(retry()) } else { Ok(()) });
    let runtime = hear(&config, Service::Consent, handler);
    let events: Vec<_> = (0..50).flat_map(|number| [change_on(0, number), change_on(1, number)]).collect();
    producer(&config).send(&events).await.unwrap();
    let others = taken.take(50).await;
    assert!(others.iter().all(|event| event.partition == 1));
    until("it was tried again more than once", || async { metric(&runtime, "events_retried_total") > 1 }).await;
    assert!(taken.nothing());
    mended.store(true, Ordering::SeqCst);
    let held: Vec<i64> = taken.take(50).await.iter().map(number).collect();
    assert!(held.into_iter().eq(0..50));
    assert!(runtime.is_alive());
    runtime.shut_down().await;
}

#[tokio::test]
async fn a_partition_that_waits_is_paused_and_nothing_of_it_is_lost() {
    const MANY: i64 = 9_000;
    let config = alone().await;
    let mended = Arc::new(AtomicBool::new(false));
    let works = mended.clone();
    let (handler, mut taken) =
        hears(move |event| if event.partition == 0 && !works.load(Ordering::SeqCst) { Err(retry()) } else { Ok(()) });
    let runtime = hear(&config, Service::Consent, handler);
    // Keys of their own, so that they need not wait for each other.
    let events: Vec<_> = (0..MANY).map(|number| events::Outgoing { key: number.to_be_bytes().to_vec(), ..change_on(0, number) }).collect();
    producer(&config).send(&events).await.unwrap();
    until("the partition is full", || async { metric(&runtime, "events_waiting") >= 4_000 }).await;
    producer(&config).send(&[change_on(1, 1)]).await.unwrap();
    assert_eq!(taken.next().await.partition, 1, "others go on");
    assert!(metric(&runtime, "events_waiting") < 5_000, "what waits in memory is bounded");
    until("it is told how much lags", || async { metric(&runtime, "events_lag") >= MANY }).await;
    mended.store(true, Ordering::SeqCst);
    let numbers: Vec<i64> = taken.take(usize::try_from(MANY).unwrap()).await.iter().map(number).collect();
    assert!(numbers.into_iter().eq(0..MANY));
    until("nothing lags", || async { metric(&runtime, "events_lag") == 0 }).await;
    runtime.shut_down().await;
}

#[tokio::test]
async fn what_was_handled_is_not_handled_again_after_an_orderly_stop() {
    let config = alone().await;
    let producer = producer(&config);
    for round in 0..3 {
        let events: Vec<_> = (0..20).map(|key| change(key, round)).collect();
        producer.send(&events).await.unwrap();
        let (handler, mut taken) = hears(|_| Ok(()));
        let runtime = hear(&config, Service::Consent, handler);
        assert!(taken.take(20).await.iter().all(|event| number(event) == round));
        runtime.shut_down().await;
        assert!(taken.nothing());
        assert!(runtime.is_alive());
    }
}

/// Both hear until each has a share; then one leaves, and the other hears everything.
#[tokio::test]
async fn processes_of_a_service_share_the_partitions_and_take_over_from_each_other() {
    let config = alone().await;
    let producer = producer(&config);
    let (first, mut of_first) = hears(|_| Ok(()));
    let (second, of_second) = hears(|_| Ok(()));
    let first = hear(&config, Service::Consent, first);
    producer.send(&[change_on(0, 0), change_on(1, 0), change_on(2, 0)]).await.unwrap();
    of_first.take(3).await;
    let second = hear(&config, Service::Consent, second);
    let (of_first, of_second, round) = (Mutex::new(of_first), Mutex::new(of_second), AtomicUsize::new(1));
    until("both have a share", || async {
        let number = i64::try_from(round.fetch_add(1, Ordering::Relaxed)).unwrap();
        producer.send(&[change_on(0, number), change_on(1, number), change_on(2, number)]).await.unwrap();
        drain(&of_first) > 0 && drain(&of_second) > 0
    })
    .await;
    assert!(first.is_alive() && second.is_alive(), "a partition that goes is no failure");
    first.shut_down().await;
    let mut of_second = of_second.into_inner().unwrap();
    producer.send(&[change_on(0, -1), change_on(1, -1), change_on(2, -1)]).await.unwrap();
    let mut left = 3;
    while left > 0 {
        left -= i32::from(number(&of_second.next().await) == -1);
    }
    assert!(second.is_alive());
    second.shut_down().await;
}

fn drain(taken: &Mutex<Taken>) -> usize {
    let mut taken = taken.lock().unwrap();
    std::iter::from_fn(|| (!taken.nothing()).then_some(())).count()
}

/// Takes ten at a time; refuses a batch with a number 5 in it, and that one alone.
struct Batches {
    inner: Hears,
    largest: Arc<AtomicUsize>,
}

impl Handler for Batches {
    const MAX_BATCH: usize = 10;

    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        self.inner.handle(event).await
    }

    async fn handle_batch(&self, events: Vec<Incoming>) -> Result<(), Rejected> {
        self.largest.fetch_max(events.len(), Ordering::SeqCst);
        if events.iter().any(|event| number(event) == 5) {
            return Err(poison());
        }
        for event in events {
            self.handle(event).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn poison_in_a_batch_is_found_one_by_one() {
    let config = alone().await;
    let events: Vec<_> = (0..40).map(|number| change(1, number)).collect();
    producer(&config).send(&events).await.unwrap();
    let (inner, mut taken) = hears(|_| Ok(()));
    let largest = Arc::new(AtomicUsize::new(0));
    let runtime = hear(&config, Service::Consent, Batches { inner, largest: largest.clone() });
    let numbers: Vec<i64> = taken.take(39).await.iter().map(number).collect();
    assert!(numbers.into_iter().eq((0..40).filter(|number| *number != 5)));
    assert_eq!(metric(&runtime, "events_dead_total"), 1);
    assert_eq!(largest.load(Ordering::SeqCst), 10);
    runtime.shut_down().await;
}

const LONG: usize = 256 << 10;

/// Takes a hundred at a time, of partition 0 only when it is let; tells keys, and how long and how many the largest batch was.
struct Large {
    mended: Arc<AtomicBool>,
    took: mpsc::UnboundedSender<Vec<u8>>,
    bytes: Arc<AtomicUsize>,
    events: Arc<AtomicUsize>,
}

impl Handler for Large {
    const MAX_BATCH: usize = 100;

    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        self.handle_batch(vec![event]).await
    }

    async fn handle_batch(&self, events: Vec<Incoming>) -> Result<(), Rejected> {
        if events.iter().any(|event| event.partition == 0) && !self.mended.load(Ordering::SeqCst) {
            return Err(retry());
        }
        self.bytes.fetch_max(events.iter().map(|event| event.data.as_ref().unwrap().len()).sum(), Ordering::SeqCst);
        self.events.fetch_max(events.len(), Ordering::SeqCst);
        events.into_iter().try_for_each(|event| self.took.send(event.key)).map_err(|cause| Rejected::Poison(cause.into()))
    }
}

#[tokio::test]
async fn long_events_wait_and_are_handled_together_by_their_bytes_and_not_by_their_number() {
    const MANY: i64 = 100;
    let config = alone().await;
    let (took, mut taken) = mpsc::unbounded_channel();
    let (mended, bytes, count): (Arc<AtomicBool>, Arc<AtomicUsize>, Arc<AtomicUsize>) = Default::default();
    let handler = Large { mended: mended.clone(), took, bytes: bytes.clone(), events: count.clone() };
    let runtime = hear(&config, Service::Consent, handler);
    let long = |number: i64| events::Outgoing { key: number.to_be_bytes().to_vec(), data: Some(vec![0; LONG]), ..change_on(0, number) };
    producer(&config).send(&(0..MANY).map(long).collect::<Vec<_>>()).await.unwrap();
    until("the partition is full", || async { metric(&runtime, "events_waiting_bytes") >= 4 << 20 }).await;
    producer(&config).send(&[change_on(1, 1)]).await.unwrap();
    assert_eq!(taken.recv().await.unwrap(), change_on(1, 1).key, "others go on");
    assert!(metric(&runtime, "events_waiting_bytes") < 6 << 20, "what waits in memory is bounded");
    mended.store(true, Ordering::SeqCst);
    for number in 0..MANY {
        assert_eq!(taken.recv().await.unwrap(), number.to_be_bytes(), "nothing is lost, and the order is kept");
    }
    let (bytes, count) = (bytes.load(Ordering::SeqCst), count.load(Ordering::SeqCst));
    assert!(bytes <= 1 << 20 && count > 1, "{count} events of {bytes} bytes at once");
    until("nothing waits", || async { metric(&runtime, "events_waiting_bytes") == 0 }).await;
    runtime.shut_down().await;
}
