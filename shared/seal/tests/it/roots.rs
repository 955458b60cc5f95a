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

#[tokio::test]
async fn a_root_that_cannot_be_read_is_not_taken_for_one_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    // It leads to itself: there is something of this name, and nobody can open it.
    std::os::unix::fs::symlink("root-1.key", folder.path().join("root-1.key")).unwrap();
    assert!(matches!(roots.wrap(1, b"key", b"").await, Err(WrapError::Unreachable(_))));
    assert!(matches!(roots.destroy_root(1).await, Err(WrapError::Unreachable(_))), "nobody may believe that it is destroyed");
}

#[tokio::test]
async fn a_root_that_somebody_else_makes_meanwhile_is_theirs_and_no_draft_stays() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    // Not there when it is looked for, there when it is made.
    std::os::unix::fs::symlink("elsewhere", folder.path().join("root-2.key")).unwrap();
    roots.create_root(2).await.unwrap();
    assert_eq!(names(folder.path()), ["root-2.key"]);
    assert_eq!(std::fs::read_link(folder.path().join("root-2.key")).unwrap(), std::path::Path::new("elsewhere"));
}

#[tokio::test]
async fn whoever_is_slow_writes_into_no_root_that_somebody_quicker_made() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    // Somebody has opened a draft, as processes before this one named it, and stands still.
    let mut slow = std::fs::File::create(folder.path().join("root-4.new")).unwrap();
    roots.create_root(4).await.unwrap();
    let wrapped = roots.wrap(4, b"key", b"").await.unwrap();
    slow.write_all(&[7; 32]).unwrap();
    assert_eq!(roots.unwrap(4, &wrapped, b"").await.unwrap().as_slice(), b"key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_make_the_same_roots_at_once_all_use_one_key_an_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let roots = FileKeyWrapper::open(folder.path()).unwrap();
    let makers = (0..4).map(|_| {
        let roots = roots.clone();
        tokio::spawn(async move {
            let mut wrapped = Vec::new();
            for epoch in 0..50 {
                roots.create_root(epoch).await.unwrap();
                wrapped.push((epoch, roots.wrap(epoch, b"key", b"").await.unwrap()));
            }
            wrapped
        })
    });
    let makers: Vec<_> = makers.collect();
    for maker in makers {
        for (epoch, wrapped) in maker.await.unwrap() {
            assert_eq!(roots.unwrap(epoch, &wrapped, b"").await.unwrap().as_slice(), b"key", "epoch {epoch}");
        }
    }
    assert!(names(folder.path()).iter().all(|name| !name.contains(".new")), "no draft stays");
}

#[test]
fn drafts_that_a_crash_left_are_removed_at_the_start_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["root-5.new", "root-6.0af3.new", "root-5.key", "notes.new", "root-5"] {
        std::fs::write(folder.path().join(name), [1; 32]).unwrap();
    }
    FileKeyWrapper::open(folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["notes.new", "root-5", "root-5.key"]);
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
