use kernel::{SubjectId, TenantId};
use seal::wrap::*;
use seal::{BucketKey, EpochKey, FileKeyWrapper, Key, KeyWrapper, SubjectKey, index};
use uuid::Uuid;

const TENANT: TenantId = TenantId::HOUSE;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

#[test]
fn a_key_cannot_be_printed() {
    let key = Key::from_bytes([0xab; 32]);
    assert_eq!(format!("{key:?}"), "Key(…)");
    assert_eq!(format!("{:?}", BucketKey::from(key)), "BucketKey(Key(…))");
}

#[test]
fn a_wrapped_key_opens_as_what_it_is_and_whose_it_is() {
    let (bucket, epoch) = (BucketKey::random(), EpochKey::random());
    let holder = SubjectKey::random();
    let wrapped = wrap_subject_key(&bucket, TENANT, id(1), id(2), &holder);
    assert_eq!(unwrap_subject_key(&bucket, TENANT, id(1), id(2), &wrapped).unwrap().key().as_bytes(), holder.key().as_bytes());
    assert!(unwrap_subject_key(&bucket, TENANT, id(1), id(3), &wrapped).is_err());
    assert!(unwrap_subject_key(&bucket, TENANT, id(3), id(2), &wrapped).is_err());
    assert!(unwrap_subject_key(&bucket, id(9).into(), id(1), id(2), &wrapped).is_err());
    assert!(unwrap_subject_key(&BucketKey::random(), TENANT, id(1), id(2), &wrapped).is_err());

    let wrapped = wrap_bucket_key(&epoch, TENANT, id(1), &bucket);
    assert!(unwrap_bucket_key(&epoch, TENANT, id(1), &wrapped).is_ok());
    assert!(unwrap_bucket_key(&epoch, TENANT, id(2), &wrapped).is_err());
    assert!(unwrap_index_key(&epoch, TENANT, "email", &wrapped).is_err());

    let wrapped = wrap_index_key(&epoch, TENANT, "email", &Key::random());
    assert!(unwrap_index_key(&epoch, TENANT, "email", &wrapped).is_ok());
    assert!(unwrap_index_key(&epoch, TENANT, "telephone", &wrapped).is_err());
}

#[tokio::test]
async fn an_epoch_key_opens_under_the_root_of_its_epoch_alone() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    roots.create_root(1).await.unwrap();
    roots.create_root(2).await.unwrap();
    let wrapped = wrap_epoch_key(&roots, 1, TENANT, &EpochKey::random()).await.unwrap();
    assert!(unwrap_epoch_key(&roots, 1, TENANT, &wrapped).await.is_ok());
    assert!(unwrap_epoch_key(&roots, 2, TENANT, &wrapped).await.is_err());
    assert!(unwrap_epoch_key(&roots, 1, id(9).into(), &wrapped).await.is_err());
}

#[test]
fn tokens_are_equal_for_equal_values_under_one_key_alone() {
    let (email, telephone) = (Key::random(), Key::random());
    assert_eq!(index::token(&email, "ada@example.com"), index::token(&email, "ada@example.com"));
    assert_ne!(index::token(&email, "ada@example.com"), index::token(&email, "ada@example.org"));
    assert_ne!(index::token(&email, "ada@example.com"), index::token(&telephone, "ada@example.com"));
}

#[test]
fn a_commitment_is_of_the_person_and_their_key() {
    let (person, other) = (SubjectKey::random(), SubjectKey::random());
    let subject = SubjectId::random();
    assert_eq!(index::commitment(&person.subkey("audit"), subject), index::commitment(&person.subkey("audit"), subject));
    assert_ne!(index::commitment(&person.subkey("audit"), subject), index::commitment(&other.subkey("audit"), subject));
    assert_ne!(index::commitment(&person.subkey("audit"), subject), index::commitment(&person.subkey("audit"), SubjectId::random()));
}
