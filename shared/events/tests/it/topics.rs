//! The topic table.

use events::{Cleanup, Writer, topics};
use kernel::Service;
use std::collections::BTreeSet;

#[test]
fn a_name_stands_once_in_the_table() {
    let names: Vec<&str> = topics::all().map(|topic| topic.name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(topics::all().all(|topic| topics::by_name(topic.name) == Some(topic)));
    assert_eq!(topics::by_name("contacts.nothing"), None);
}

#[test]
fn a_topic_is_named_after_its_one_writer() {
    for topic in topics::all() {
        let writer = match topic.writer {
            Writer::Service(service) => service.name(),
            Writer::Development => "platform",
            Writer::Operator => continue,
        };
        assert!(topic.name.starts_with(&format!("{writer}.")), "{} is written by {writer}", topic.name);
    }
}

#[test]
fn every_service_says_its_outcomes_reads_acts_and_applied_states_and_has_a_place_for_dead_letters() {
    for service in Service::ALL {
        let own: Vec<&str> = topics::written_by(service).iter().map(|topic| topic.name).collect();
        for topic in [
            topics::outcomes(service),
            topics::reads(service),
            topics::acts(service),
            topics::applied(service),
            topics::dead_letters(service),
        ] {
            assert!(own.contains(&topic.name) && topic.name.starts_with(service.name()), "{service} and {}", topic.name);
        }
        assert_eq!(topics::redrives(service).readers, [service]);
    }
}

#[test]
fn what_others_decide_by_is_compacted_and_has_watermarks() {
    let decided_by = ["identity.tenants", "identity.principals", "keyring.shredded", "consent.decisions"];
    for topic in topics::all() {
        let watermarked = decided_by.contains(&topic.name);
        assert_eq!(topic.watermarked, watermarked, "{}", topic.name);
        assert!(!watermarked || topic.cleanup == Cleanup::Compact, "{}", topic.name);
    }
}

#[test]
fn nothing_is_kept_for_ever_but_states() {
    for topic in topics::all() {
        match topic.cleanup {
            Cleanup::Compact => {}
            Cleanup::Delete { days } => assert!((1..=365).contains(&days), "{}", topic.name),
        }
        assert!(topic.partitions > 0);
    }
}
