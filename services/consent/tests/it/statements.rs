//! The whole table of what may follow on what, against a second one written as a list.

use consent::domain::state;
use consent::domain::statement::{Method, Said, Statement, Wording, admissible};
use kernel::{SubjectId, TenantId};
use privacy::{Basis, Purpose, Stance};

fn statement(purpose: Purpose, said: Said) -> Statement {
    Statement {
        subject: SubjectId::random(),
        purpose,
        said,
        method: Method::Form,
        wording: Wording { language: "en".to_owned(), version: "1".to_owned(), sha256: None },
        collected_at: testkit::clock().now(),
    }
}

#[test]
fn who_has_said_nothing_is_in_force_nowhere_and_belongs_to_their_tenant() {
    let (tenant, subject) = (TenantId::new(&testkit::clock()), SubjectId::random());
    let blank = state::blank(tenant, subject);
    assert_eq!((blank.tenant_id.as_slice(), blank.subject_id.as_slice()), (&tenant.as_bytes()[..], &subject.as_bytes()[..]));
    assert_eq!(blank.version, 0);
    assert!(Purpose::ALL.into_iter().all(|purpose| state::stance(&blank, purpose) == Stance::None));
}

#[test]
fn a_statement_replaces_its_own_purpose_and_no_other() {
    let now = testkit::clock().now();
    let (first, second) = (Purpose::CLIENT_SERVICE_NEWSLETTER, Purpose::CLIENT_SERVICE_SMS);
    let blank = state::blank(TenantId::new(&testkit::clock()), SubjectId::random());
    let given = state::after(state::after(blank.clone(), &statement(second, Said::Given), now), &statement(first, Said::Given), now);
    let names: Vec<&str> = given.purposes.iter().map(|entry| entry.purpose.as_str()).collect();
    assert_eq!(names, [first.name(), second.name()], "in one order, whatever came first");
    let later = now + jiff::SignedDuration::from_hours(1);
    let withdrawn = state::after(given, &statement(first, Said::Withdrawn), later);
    assert_eq!((state::stance(&withdrawn, first), state::stance(&withdrawn, second)), (Stance::Withdrawn, Stance::Given));
    assert_eq!((withdrawn.version, withdrawn.recorded_at_us), (3, kernel::micros(later)));
    assert_eq!((&withdrawn.tenant_id, &withdrawn.subject_id), (&blank.tenant_id, &blank.subject_id));
    let since: Vec<i64> = withdrawn.purposes.iter().map(|entry| entry.since_us).collect();
    assert_eq!(since, [kernel::micros(later), kernel::micros(now)]);
}

#[test]
fn every_statement_follows_on_every_stance_as_the_table_says() {
    let now = testkit::clock().now();
    let may_follow = [
        (Said::Given, Stance::None),
        (Said::Given, Stance::Given),
        (Said::Given, Stance::Refused),
        (Said::Given, Stance::Withdrawn),
        (Said::Given, Stance::Objected),
        (Said::Refused, Stance::None),
        (Said::Refused, Stance::Refused),
        (Said::Refused, Stance::Withdrawn),
        (Said::Refused, Stance::Objected),
        (Said::Withdrawn, Stance::Given),
    ];
    for purpose in Purpose::ALL {
        for said in Said::ALL {
            for stance in [Stance::None, Stance::Given, Stance::Refused, Stance::Withdrawn, Stance::Objected] {
                for imported in [false, true] {
                    let reaches = !imported || purpose.reaches_processor_records();
                    let follows = match said {
                        Said::Objected => purpose.objectable(),
                        _ => purpose.basis() == Basis::Consent && may_follow.contains(&(said, stance)),
                    };
                    let admitted = admissible(&statement(purpose, said), stance, imported, now).is_ok();
                    assert_eq!(admitted, reaches && follows, "{} {} on {stance:?}, imported: {imported}", purpose.name(), said.name());
                }
            }
        }
    }
}

#[test]
fn nobody_says_anything_tomorrow() {
    let now = testkit::clock().now();
    let mut tomorrow = statement(Purpose::CLIENT_SERVICE_NEWSLETTER, Said::Given);
    tomorrow.collected_at = "2026-11-25T09:00:00Z".parse().unwrap();
    assert!(admissible(&tomorrow, Stance::None, true, now).is_err());
}
