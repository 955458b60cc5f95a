//! How a case moves, over the whole product of states, kinds and answers.

use events::platform::RightsResult;
use events::rights::CaseKind;
use kernel::Service;
use rights::domain::progress::{State, next, participants};
use std::collections::BTreeMap;

const ANSWERS: [Option<RightsResult>; 4] = [None, Some(RightsResult::Done), Some(RightsResult::Nothing), Some(RightsResult::Refused)];

/// Every way in which these services can answer, or not.
fn all_answers(services: &[Service]) -> Vec<BTreeMap<Service, RightsResult>> {
    services.iter().fold(vec![BTreeMap::new()], |so_far, service| {
        so_far
            .into_iter()
            .flat_map(|answers| {
                ANSWERS.into_iter().map(move |answer| {
                    let mut answers = answers.clone();
                    answers.extend(answer.map(|answer| (*service, answer)));
                    answers
                })
            })
            .collect()
    })
}

#[test]
fn a_case_moves_only_when_everybody_has_answered_and_nobody_has_refused() {
    for state in State::ALL {
        for kind in [CaseKind::Access, CaseKind::Erasure] {
            let asked = state.phase().map_or(&[][..], |phase| participants(kind, phase));
            for answers in all_answers(asked) {
                for found in [false, true] {
                    let moved = next(kind, state, &answers, found);
                    let complete = asked.iter().all(|service| answers.get(service).is_some_and(|answer| *answer != RightsResult::Refused));
                    assert_eq!(moved.is_some(), complete && state.phase().is_some(), "{state:?} {kind:?} {answers:?}");
                    assert_ne!(moved, Some(state), "a case does not stand still");
                }
            }
        }
    }
}

#[test]
fn an_erasure_destroys_the_key_before_rows_go_and_looks_last() {
    let everybody_is_done = |state: State| {
        participants(CaseKind::Erasure, state.phase().unwrap()).iter().map(|service| (*service, RightsResult::Done)).collect()
    };
    let mut state = State::Finding;
    let mut walked = vec![state];
    while let Some(moved) = next(CaseKind::Erasure, state, &everybody_is_done(state), true) {
        state = moved;
        walked.push(state);
        if state.is_final() {
            break;
        }
    }
    assert_eq!(walked, [State::Finding, State::Planning, State::Shredding, State::Erasing, State::Scanning, State::Done]);
}

#[test]
fn who_is_unknown_gets_an_answer_too() {
    let nobody = BTreeMap::from([(Service::Contacts, RightsResult::Nothing)]);
    assert_eq!(next(CaseKind::Access, State::Finding, &nobody, false), Some(State::NothingFound));
    let nothing: BTreeMap<_, _> =
        participants(CaseKind::Erasure, State::Planning.phase().unwrap()).iter().map(|service| (*service, RightsResult::Nothing)).collect();
    assert_eq!(next(CaseKind::Erasure, State::Planning, &nothing, true), Some(State::NothingFound));
}

#[test]
fn an_erasure_goes_on_when_nothing_but_the_key_is_left_of_a_person() {
    let but_the_key = BTreeMap::from([
        (Service::Contacts, RightsResult::Nothing),
        (Service::Consent, RightsResult::Nothing),
        (Service::Rights, RightsResult::Nothing),
        (Service::Keyring, RightsResult::Done),
    ]);
    assert_eq!(next(CaseKind::Erasure, State::Planning, &but_the_key, true), Some(State::Shredding));
    assert_eq!(next(CaseKind::Access, State::Planning, &but_the_key, true), Some(State::NothingFound), "a key is nothing to hand out");
}

#[test]
fn states_have_names_that_read_back() {
    for state in State::ALL {
        assert_eq!(State::from_name(state.name()), Some(state));
    }
}
