//! The whole table of what may follow on what, against a second one written as a list.

use consent::domain::statement::{Method, Said, Statement, Wording, admissible};
use kernel::SubjectId;
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
