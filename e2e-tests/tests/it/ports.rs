//! Ports that somebody else takes just before they are used.

use e2e_tests::platform::Platform;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A shell before the real one. Where it is to guard one of these for the first time, it says so and waits until the test has taken the port that was chosen.
const SHELL: &str = r#"#!/bin/sh
PATH=${PATH#*:}
for name in postgres kafka.Kafka mxtr; do
  case "$*" in
    *guard*"/$name -D"* | *guard*" $name "* | *guard*"/$name serve"*)
      if mkdir "FOLDER/$name" 2>/dev/null; then
        echo "health=$MXTR_HEALTH_LISTEN $*" > "FOLDER/$name/new"
        mv "FOLDER/$name/new" "FOLDER/$name/asked"
        until [ -e "FOLDER/$name/taken" ]; do sleep 0.05; done
      fi ;;
  esac
done
exec sh "$@"
"#;

/// Takes the port that stands behind these words as soon as it is chosen, unless somebody else on this machine has been quicker.
fn take(folder: &Path, before: &str) -> (u16, Option<TcpListener>) {
    let asked = loop {
        match fs::read_to_string(folder.join("asked")) {
            Ok(asked) => break asked,
            Err(_) => std::thread::yield_now(),
        }
    };
    let (_, port) = asked.split_once(before).unwrap();
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    let port = port.parse().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).ok();
    fs::write(folder.join("taken"), "").unwrap();
    (port, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_between_choice_and_use_is_given_up_for_another() {
    let tools = tempfile::tempdir().unwrap();
    let folder = tools.path().to_owned();
    fs::write(folder.join("sh"), SHELL.replace("FOLDER", &folder.display().to_string())).unwrap();
    fs::set_permissions(folder.join("sh"), Permissions::from_mode(0o755)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "where the system has its tools")]
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let strangers = std::thread::spawn(move || {
        [("postgres", " port="), ("kafka.Kafka", "PLAINTEXT://127.0.0.1:"), ("mxtr", "health=127.0.0.1:")]
            .map(|(name, before)| take(&folder.join(name), before))
    });
    let platform = Platform::start_with(&["--separate"], vec![("PATH".to_owned(), path)]).await;
    let taken = strangers.join().unwrap();
    let state = platform.state().to_string();
    assert!(
        !taken.iter().any(|(port, _)| state.split(|it: char| !it.is_ascii_digit()).any(|number| number == port.to_string())),
        "{taken:?} {state}"
    );
    let me = platform.get("/v1/me", &platform.admin).await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_eq!(platform.running("mxtr serve").len(), 6, "nobody of the first try is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_start_at_once_have_ports_and_data_of_their_own() {
    let (one, two) = Platform::start_two().await;
    for (ours, theirs) in [(&one, &two), (&two, &one)] {
        let me = ours.get("/v1/me", &ours.admin).await;
        assert_eq!((me.status, ours.get("/v1/me", &theirs.admin).await.status), (200, 401), "{}", me.text);
    }
    let (code, said) = one.run(&["down"]);
    assert!(code == Some(0) && said.starts_with("stopped; the data stay in "), "{said}");
    assert_eq!(two.get("/v1/me", &two.admin).await.status, 200, "the other one goes on");
}
