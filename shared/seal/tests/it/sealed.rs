use kernel::TenantId;
use privacy::Category;
use proptest::prelude::*;
use seal::{Key, Place, SubjectKey, Unopenable, open, seal};
use uuid::Uuid;

fn place() -> Place<'static> {
    Place { tenant: TenantId::HOUSE, holder: Uuid::from_u128(1), store: "contacts.contacts", row: Uuid::from_u128(2), category: "personal" }
}

#[test]
fn a_value_moved_elsewhere_does_not_open() {
    let key = Key::random();
    let sealed = seal(&key, &place(), b"Ada");
    assert_eq!(open(&key, &place(), &sealed).unwrap().as_slice(), b"Ada");
    let elsewhere = [
        Place { tenant: TenantId::from(Uuid::from_u128(9)), ..place() },
        Place { holder: Uuid::from_u128(2), ..place() },
        Place { store: "contacts.import_rows", ..place() },
        Place { row: Uuid::from_u128(1), ..place() },
        Place { category: "business", ..place() },
        Place { store: "contacts.contact", category: "spersonal", ..place() },
    ];
    for place in elsewhere {
        assert_eq!(open(&key, &place, &sealed).unwrap_err(), Unopenable, "{place:?}");
    }
}

#[test]
fn another_category_of_the_same_person_does_not_open_it() {
    let person = SubjectKey::random();
    let sealed = seal(person.category(Category::Personal).key(), &place(), b"Ada");
    for category in Category::ALL {
        assert_eq!(open(person.category(category).key(), &place(), &sealed).is_ok(), category == Category::Personal);
    }
    assert!(open(&person.subkey("personal"), &place(), &sealed).is_err(), "a named subkey is no category");
    assert!(open(SubjectKey::random().category(Category::Personal).key(), &place(), &sealed).is_err());
}

#[test]
fn the_same_value_never_looks_the_same() {
    let key = Key::random();
    assert_ne!(seal(&key, &place(), b"Ada"), seal(&key, &place(), b"Ada"));
}

#[test]
fn the_format_is_the_first_byte_and_another_one_is_refused() {
    let key = Key::random();
    let mut sealed = seal(&key, &place(), b"Ada");
    assert_eq!((sealed[0], sealed.len()), (1, 1 + 12 + 3 + 16));
    sealed[0] = 2;
    assert!(open(&key, &place(), &sealed).is_err());
}

proptest! {
    #[test]
    fn what_was_changed_does_not_open(plain in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let key = Key::random();
        let mut sealed = seal(&key, &place(), &plain);
        let opened = open(&key, &place(), &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(open(&key, &place(), &sealed).is_err());
        prop_assert!(open(&key, &place(), &sealed[..at]).is_err());
    }

    #[test]
    fn bytes_from_anywhere_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(open(&Key::random(), &place(), &bytes).is_err());
    }
}
