//! The bytes of an outbox row.

use events::{Outgoing, outbox};
use kernel::{EventId, TenantId, Timestamp};
use proptest::prelude::*;

fn event() -> impl Strategy<Value = Outgoing> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 16]>());
    let text = ("[a-z]{1,9}\\.[a-z]{1,9}", "mxtr\\.[a-z]{1,9}\\.v1\\.[A-Z][a-z]{1,9}");
    let body = (any::<Vec<u8>>(), any::<Option<Vec<u8>>>(), any::<Option<String>>(), any::<Option<i32>>(), 0..4_000_000_000_000_000_i64);
    (ids, text, body).prop_map(|((id, tenant), (topic, event_type), (key, data, traceparent, partition, time))| Outgoing {
        topic,
        key,
        event_id: EventId::from_slice(&id).unwrap(),
        tenant: TenantId::from_slice(&tenant).unwrap(),
        event_type,
        time: Timestamp::from_microsecond(time).unwrap(),
        data,
        traceparent,
        partition,
    })
}

proptest! {
    #[test]
    fn a_row_gives_back_what_was_put_into_it(events in prop::collection::vec(event(), 0..8)) {
        prop_assert_eq!(outbox::decode(&outbox::encode(&events)), Ok(events));
    }

    #[test]
    fn bytes_that_are_no_row_are_refused_or_read_but_never_panic(bytes in any::<Vec<u8>>()) {
        if let Ok(events) = outbox::decode(&bytes) {
            prop_assert_eq!(outbox::decode(&outbox::encode(&events)), Ok(events));
        }
    }
}

#[test]
fn a_row_whose_ids_are_too_short_is_refused() {
    // One message (tag 1) whose event id (tag 3) has one byte.
    assert_eq!(outbox::decode(&[0x0a, 0x03, 0x1a, 0x01, 0x00]), Err(outbox::NoBatch));
}

#[test]
fn a_tombstone_stays_a_tombstone_and_empty_data_stays_data() {
    let clock = kernel::Clock::test("2026-11-24T09:00:00Z".parse().unwrap());
    let gone = Outgoing::tombstone::<events::consent::PersonState>(&events::topics::CONSENT_DECISIONS, &[1; 16], TenantId::HOUSE, &clock);
    let empty = Outgoing { data: Some(Vec::new()), ..gone.clone() };
    assert_eq!(outbox::decode(&outbox::encode(&[gone.clone(), empty.clone()])), Ok(vec![gone, empty]));
}
