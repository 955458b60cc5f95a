//! The format, pinned: sealed values outlive releases. The expected bytes were computed with another implementation (Python's hmac and cryptography).

use kernel::TenantId;
use privacy::Category;
use seal::{Key, Place, SubjectKey, open};
use uuid::Uuid;

fn fixed() -> SubjectKey {
    SubjectKey::from(Key::from_bytes(std::array::from_fn(|at| u8::try_from(at).expect("32 fits"))))
}

#[test]
fn subkeys_are_what_they_always_were() {
    let named = [
        ("personal", fixed().category(Category::Personal).key().clone()),
        ("package", fixed().subkey("package")),
        ("audit", fixed().subkey("audit")),
    ];
    let shown: Vec<String> = named.iter().map(|(name, key)| format!("{name} {}", hex::encode(key.as_bytes()))).collect();
    assert_eq!(
        shown,
        [
            "personal c385564a9c109c6abf6cbc19b7c7d4057538192c050d54ad20535a1c90b5b60b",
            "package 029ac186242be539ead9ed3810339eaf03f4c4ad708b05258090ff46a5fbb8fc",
            "audit d3274bcc4f4d560f332ae9054f4ee99808d8b305fb60ed8b4496695fef573047",
        ]
    );
}

#[test]
fn a_value_sealed_by_the_first_release_opens() {
    let place = Place {
        tenant: TenantId::HOUSE,
        holder: Uuid::from_u128(1),
        store: "contacts.contacts",
        row: Uuid::from_u128(2),
        category: "personal",
    };
    let sealed = hex::decode("01000102030405060708090a0be6814b465fa18489e08376261d5ccdcba47aeea8aa176e40ccb9ce18").unwrap();
    assert_eq!(open(fixed().category(Category::Personal).key(), &place, &sealed).unwrap().as_slice(), b"Ada Lovelace");
}
