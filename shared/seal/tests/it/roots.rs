use seal::{FileKeyWrapper, KeyWrapper, WrapError};
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_root_that_was_destroyed_opens_nothing_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path().join("roots")).unwrap();
    roots.create_root(7).await.unwrap();
    let wrapped = roots.wrap(7, b"key", b"aad").await.unwrap();
    assert_eq!(roots.unwrap(7, &wrapped, b"aad").await.unwrap().as_slice(), b"key");
    roots.destroy_root(7).await.unwrap();
    assert!(matches!(roots.unwrap(7, &wrapped, b"aad").await, Err(WrapError::NoRoot(7))));
    roots.destroy_root(7).await.unwrap();
    roots.create_root(7).await.unwrap();
    assert!(
        matches!(roots.unwrap(7, &wrapped, b"aad").await, Err(WrapError::Unopenable(_))),
        "a new root of the same number is another key"
    );
}

#[tokio::test]
async fn making_a_root_again_keeps_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (FileKeyWrapper::open(folder.path()).unwrap(), FileKeyWrapper::open(folder.path()).unwrap());
    one.create_root(3).await.unwrap();
    let wrapped = one.wrap(3, b"key", b"").await.unwrap();
    two.create_root(3).await.unwrap();
    assert_eq!(two.unwrap(3, &wrapped, b"").await.unwrap().as_slice(), b"key");
    assert_eq!(two.roots().await.unwrap(), [3]);
}

#[tokio::test]
async fn half_a_root_left_by_a_crash_is_no_root() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    std::fs::write(folder.path().join("root-5.new"), b"half").unwrap();
    assert_eq!(roots.roots().await.unwrap(), [0_u64; 0]);
    roots.create_root(5).await.unwrap();
    let wrapped = roots.wrap(5, b"key", b"").await.unwrap();
    assert_eq!(roots.unwrap(5, &wrapped, b"").await.unwrap().as_slice(), b"key");
}

#[tokio::test]
async fn nobody_else_may_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path().join("roots")).unwrap();
    roots.create_root(1).await.unwrap();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().join("roots")), 0o700);
    assert_eq!(mode(folder.path().join("roots/root-1.key")), 0o600);
}
