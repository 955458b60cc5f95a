//! The format, pinned: sealed values outlive releases.

use kernel::TenantId;
use privacy::Category;
use seal::{Key, Place, SubjectKey, open};
use uuid::Uuid;

fn fixed() -> SubjectKey {
    SubjectKey::from(Key::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap())))
}

#[test]
fn subkeys_are_what_they_always_were() {
    let named = [("personal", fixed().category(Category::Personal).key().clone()), ("package", fixed().subkey("package")), ("audit", fixed().subkey("audit"))];
    let shown: Vec<String> = named.iter().map(|(name, key)| format!("{name} {}", hex::encode(key.as_bytes()))).collect();
    assert_eq!(
        shown,
        [
            "personal 0",
            "package 0",
            "audit 0",
        ]
    );
}

#[test]
fn a_value_sealed_by_the_first_release_opens() {
    let place = Place { tenant: TenantId::HOUSE, holder: Uuid::from_u128(1), store: "contacts.contacts", row: Uuid::from_u128(2), category: "personal" };
    let sealed = hex::decode("00").unwrap();
    assert_eq!(open(fixed().category(Category::Personal).key(), &place, &sealed).unwrap().as_slice(), b"Ada Lovelace");
}
