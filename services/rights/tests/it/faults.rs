//! Which faults pass by waiting.

use bus::Rejected;
use db::DbError;
use opener::{KeyringError, OpenError};
use rights::error::Error;

#[test]
fn what_passes_is_tried_again_and_what_never_will_is_put_aside() {
    let unreadable = || serde_json::from_str::<u8>("x").unwrap_err();
    let no_answer = || <events::platform::RightsOutcome as prost::Message>::decode([0xff].as_slice()).unwrap_err();
    let again: [Error; 6] = [
        DbError::Unavailable.into(),
        DbError::Busy.into(),
        KeyringError::Unavailable.into(),
        KeyringError::Budget.into(),
        OpenError::Keyring(KeyringError::Unavailable).into(),
        OpenError::Journal(DbError::Again).into(),
    ];
    for error in again {
        let said = error.to_string();
        assert!(matches!(Rejected::from(error), Rejected::Retry(_)), "{said}");
    }
    let never: [Error; 4] =
        [unreadable().into(), no_answer().into(), OpenError::Unopenable { store: "a part" }.into(), OpenError::PurposeNotGranted.into()];
    for error in never {
        let said = error.to_string();
        assert!(matches!(Rejected::from(error), Rejected::Poison(_)), "{said}");
    }
}
