//! What a consumer's span says of those who caused the events that it handles together.

use crate::world::{alone, change_on, hear, metric, producer};
use bus::{Handler, Rejected};
use events::{Incoming, Outgoing, Topic, topics};
use kernel::Service;
use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use testkit::until;
use tokio::sync::Semaphore;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Keeps what would be sent.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(spans);
        Ok(())
    }
}

/// Takes a hundred at a time, each time that it is let.
struct WhenLet(Arc<Semaphore>);

impl Handler for WhenLet {
    const MAX_BATCH: usize = 100;

    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::CONTACT_CHANGES]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        self.handle_batch(vec![event]).await
    }

    async fn handle_batch(&self, _: Vec<Incoming>) -> Result<(), Rejected> {
        self.0.acquire().await.map_err(|cause| Rejected::Poison(cause.into()))?.forget();
        Ok(())
    }
}

/// The trace of the `number`th event; the first of a batch is of one that nobody records.
fn caused(number: i64) -> Outgoing {
    let flags = if number == 1 { "00" } else { "01" };
    change_on(0, number).with_traceparent(Some(format!("00-{}-00f067aa0ba902b7-{flags}", trace(number))))
}

fn trace(number: i64) -> String {
    format!("4bf92f3577b34da6a3ce929d{number:08x}")
}

#[tokio::test]
async fn what_is_handled_together_is_in_the_trace_of_one_cause_and_linked_to_the_others_up_to_a_bound() {
    let kept = Kept::default();
    let tracer = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).build();
    tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer.tracer("test"))).init();
    let config = alone().await;
    // The first holds the worker until all others wait; keys of their own, so that they need not wait for each other.
    let events: Vec<Outgoing> = (0..=80).map(|number: i64| Outgoing { key: number.to_be_bytes().to_vec(), ..caused(number) }).collect();
    let gate = Arc::new(Semaphore::new(0));
    let runtime = hear(&config, Service::Consent, WhenLet(gate.clone()));
    let producer = producer(&config);
    producer.send(&events[..1]).await.unwrap();
    until("the first is in hand", || async { metric(&runtime, "events_waiting") == 1 }).await;
    producer.send(&events[1..]).await.unwrap();
    until("all others wait", || async { metric(&runtime, "events_waiting") == 81 }).await;
    gate.add_permits(2);
    until("all are handled", || async { metric(&runtime, "events_waiting") == 0 }).await;
    runtime.shut_down().await;

    let spans = kept.0.lock().unwrap();
    let of = |number: i64| spans.iter().find(|span| span.span_context.trace_id().to_string() == trace(number));
    let (single, batch) = (of(0).unwrap(), of(2).unwrap());
    assert!(of(1).is_none(), "nobody records the first of the batch, so it is in the trace of the second");
    assert_eq!((single.name.as_ref(), &single.span_kind, single.links.len()), ("process contacts.changes", &SpanKind::Consumer, 0));
    let linked: HashSet<String> = batch.links.iter().map(|link| link.span_context.trace_id().to_string()).collect();
    let others: HashSet<String> = [1].into_iter().chain(3..=65).map(trace).collect();
    assert_eq!(linked, others, "64 others and no more");
}
