//! Ids.

use kernel::{Clock, EventId, SubjectId, TenantId, Timestamp};
use uuid::Uuid;

fn clock() -> Clock {
    Clock::test("2026-11-24T04:00:00Z".parse().unwrap())
}

#[test]
fn ids_of_one_clock_rise_while_it_stands_still_and_when_it_moves() {
    let clock = clock();
    let mut ids: Vec<EventId> = (0..10_000).map(|_| EventId::new(&clock)).collect();
    clock.advance_to("2026-11-24T04:00:00.001Z".parse().unwrap()).unwrap();
    ids.push(EventId::new(&clock));
    assert!(ids.is_sorted_by(|a, b| a < b));
}

#[test]
fn a_timed_id_carries_the_clock_and_a_subject_carries_nothing() {
    let id = Uuid::from(EventId::new(&clock()));
    assert_eq!(id.get_version_num(), 7);
    let (seconds, _) = id.get_timestamp().unwrap().to_unix();
    assert_eq!(i64::try_from(seconds).unwrap(), clock().now().as_second());
    assert_eq!(Uuid::from(SubjectId::random()).get_version_num(), 4);
    assert_ne!(SubjectId::random(), SubjectId::random());
}

#[test]
fn a_clock_before_1970_still_makes_ids() {
    let clock = Clock::test(Timestamp::MIN);
    assert!(EventId::new(&clock) < EventId::new(&clock));
}

#[test]
fn an_id_survives_text_bytes_and_json() {
    let id = SubjectId::random();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string().len(), 36);
    assert_eq!(SubjectId::from_slice(id.as_bytes()), Some(id));
    assert_eq!(SubjectId::from_slice(&id.as_bytes()[1..]), None);
    assert_eq!(SubjectId::from_slice(&[0; 17]), None);
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<SubjectId>(&json).unwrap(), id);
    assert!("no uuid".parse::<SubjectId>().is_err());
}

#[test]
fn the_house_is_a_well_formed_time_ordered_id() {
    let house = Uuid::from(TenantId::HOUSE);
    assert_eq!((house.get_version_num(), house.get_variant()), (7, uuid::Variant::RFC4122));
}

#[test]
fn the_schema_of_an_id_is_a_uuid_string() {
    let schema = serde_json::to_value(<TenantId as utoipa::PartialSchema>::schema()).unwrap();
    assert_eq!(schema, serde_json::json!({"type": "string", "format": "uuid"}));
    assert_eq!(<TenantId as utoipa::ToSchema>::name(), "TenantId");
}
