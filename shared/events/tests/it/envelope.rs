//! CloudEvents 1.0, Kafka protocol binding, binary content mode.

use events::consent::PersonState;
use events::keyring::Shredded;
use events::{Event, Incoming, Malformed, Outgoing, Position, Undecodable, topics};
use kernel::{Clock, TenantId};
use proptest::prelude::*;
use prost::Message as _;
use std::collections::HashMap;

const SUBJECT: [u8; 16] = [7; 16];
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn clock() -> Clock {
    Clock::test("2026-11-24T09:00:00.000001Z".parse().unwrap())
}

fn state() -> PersonState {
    PersonState { tenant_id: vec![1; 16], subject_id: SUBJECT.to_vec(), version: 3, restricted: true, ..PersonState::default() }
}

fn outgoing() -> Outgoing {
    Outgoing::new(&topics::CONSENT_DECISIONS, &SUBJECT, TenantId::HOUSE, &clock(), &state()).with_traceparent(Some(PARENT.to_owned()))
}

/// As a broker would hand it back.
fn heard(event: &Outgoing) -> Result<Incoming, Malformed> {
    heard_with(event, &event.headers())
}

fn heard_with(event: &Outgoing, headers: &[(&'static str, String)]) -> Result<Incoming, Malformed> {
    let headers: HashMap<&str, &[u8]> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let at = Position { partition: 2, offset: 40 };
    Incoming::from_record(&event.topic, at, Some(&event.key), event.data.as_deref(), |name| headers.get(name).copied())
}

fn changed(name: &str, value: &str) -> Result<Incoming, Malformed> {
    let event = outgoing();
    let headers: Vec<_> = event.headers().into_iter().map(|(key, old)| (key, if key == name { value.to_owned() } else { old })).collect();
    heard_with(&event, &headers)
}

#[test]
fn the_headers_are_those_of_the_kafka_binding() {
    let event = outgoing();
    let expected = [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", event.event_id.to_string()),
        ("ce_source", "/mxtr/consent".to_owned()),
        ("ce_type", "mxtr.consent.v1.PersonState".to_owned()),
        ("ce_time", "2026-11-24T09:00:00.000001Z".to_owned()),
        ("ce_tenant", TenantId::HOUSE.to_string()),
        ("content-type", "application/protobuf".to_owned()),
        ("traceparent", PARENT.to_owned()),
    ];
    assert_eq!(event.headers(), expected);
    assert_eq!(event.data, Some(state().encode_to_vec()));
}

#[test]
fn an_event_comes_back_as_it_went() {
    let event = outgoing();
    let heard = heard(&event).unwrap();
    assert_eq!((heard.partition, heard.offset, heard.key.as_slice()), (2, 40, SUBJECT.as_slice()));
    assert_eq!((heard.event_id, heard.tenant, heard.time), (event.event_id, event.tenant, event.time));
    assert_eq!(heard.traceparent.as_deref(), Some(PARENT));
    assert_eq!(heard.decode::<PersonState>(), Ok(state()));
    assert!(!heard.is_tombstone());
}

#[test]
fn a_tombstone_has_no_data_and_no_content_type() {
    let event = Outgoing::tombstone::<PersonState>(&topics::CONSENT_DECISIONS, &SUBJECT, TenantId::HOUSE, &clock());
    assert!(event.headers().iter().all(|(name, _)| *name != "content-type"));
    let heard = heard(&event).unwrap();
    assert!(heard.is_tombstone());
    assert_eq!(heard.decode::<PersonState>(), Err(Undecodable::NoData));
}

#[test]
fn a_header_that_is_missing_is_named() {
    let event = outgoing();
    for missing in ["ce_specversion", "ce_id", "ce_type", "ce_time", "ce_tenant", "content-type"] {
        let headers: Vec<_> = event.headers().into_iter().filter(|(name, _)| *name != missing).collect();
        assert_eq!(heard_with(&event, &headers), Err(Malformed(missing)));
    }
}

#[test]
fn a_header_that_cannot_be_read_is_named_and_not_repeated() {
    for (name, value) in [
        ("ce_specversion", "0.3"),
        ("ce_id", "ada@example.com"),
        ("ce_tenant", "acme"),
        ("ce_time", "yesterday"),
        ("content-type", "application/json"),
    ] {
        let refused = changed(name, value).unwrap_err();
        assert_eq!(refused.to_string(), format!("the record has no readable header {name}"));
    }
}

#[test]
fn a_content_type_is_compared_without_case_and_parameters() {
    assert!(changed("content-type", "Application/Protobuf; charset=binary").is_ok());
    assert_eq!(changed("content-type", "application/protobuf-not"), Err(Malformed("content-type")));
}

#[test]
fn an_event_without_trace_context_is_heard_all_the_same() {
    let event = Outgoing { traceparent: None, ..outgoing() };
    assert_eq!(heard(&event).unwrap().traceparent, None);
}

#[test]
fn an_event_is_decoded_as_what_it_is_and_nothing_else() {
    assert_eq!(heard(&outgoing()).unwrap().decode::<Shredded>(), Err(Undecodable::OtherType));
    let broken = Outgoing { data: Some(vec![0xff; 3]), ..outgoing() };
    assert_eq!(heard(&broken).unwrap().decode::<PersonState>(), Err(Undecodable::Data));
}

#[test]
fn a_type_is_the_full_name_of_its_message() {
    assert_eq!(PersonState::TYPE, "mxtr.consent.v1.PersonState");
    assert_eq!(events::platform::Watermark::TYPE, "mxtr.platform.v1.Watermark");
    assert_eq!(events::rights::RightsTask::TYPE, "mxtr.rights.v1.RightsTask");
}

proptest! {
    #[test]
    fn no_record_is_too_strange_to_be_looked_at(key in any::<Vec<u8>>(), data in any::<Option<Vec<u8>>>(), value in any::<Vec<u8>>()) {
        let at = Position { partition: 0, offset: 0 };
        prop_assert!(Incoming::from_record("consent.decisions", at, Some(&key), data.as_deref(), |_| Some(&value)).is_err());
    }

    #[test]
    fn no_data_is_too_strange_to_be_decoded(data in any::<Vec<u8>>()) {
        let heard = heard(&Outgoing { data: Some(data.clone()), ..outgoing() }).unwrap();
        prop_assert_eq!(heard.decode::<PersonState>().ok(), PersonState::decode(data.as_slice()).ok());
    }
}
