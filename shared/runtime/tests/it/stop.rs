use kernel::{Clock, Service};
use runtime::{Runtime, Stage};
use std::sync::{Arc, Mutex};

type Story = Arc<Mutex<Vec<&'static str>>>;

fn tells(runtime: &Runtime, stage: Stage, story: &Story, ends: &'static str) {
    let story = story.clone();
    runtime.spawn(stage, ends, move |stop| async move {
        stop.cancelled().await;
        // What is in hand is finished; the next stage waits for it.
        tokio::task::yield_now().await;
        story.lock().unwrap().push(ends);
        Ok(())
    });
}

#[tokio::test]
async fn stages_stop_one_after_the_other() {
    let (runtime, story) = (Runtime::new(Service::Contacts, Clock::system()), Story::default());
    tells(&runtime, Stage::Relay, &story, "relay");
    tells(&runtime, Stage::Work, &story, "consumer");
    tells(&runtime, Stage::Serve, &story, "http");
    runtime.shut_down().await;
    assert_eq!(*story.lock().unwrap(), ["http", "consumer", "relay"]);
    assert!(runtime.is_alive(), "stopping is no failure");
    assert_eq!(runtime.unready(), [("stop", "the service is stopping".to_owned())]);
}

#[tokio::test]
async fn a_part_that_ends_by_itself_has_failed() {
    let runtime = Runtime::new(Service::Contacts, Clock::system());
    runtime.spawn(Stage::Work, "short", |_| async { Ok(()) });
    runtime.failed().await;
    assert!(!runtime.is_alive());
}

#[tokio::test]
async fn a_part_that_panics_has_failed_and_the_others_go_on() {
    let (runtime, story) = (Runtime::new(Service::Contacts, Clock::system()), Story::default());
    tells(&runtime, Stage::Relay, &story, "relay");
    runtime.spawn(Stage::Work, "broken", |_| async { panic!("broken on purpose") });
    runtime.failed().await;
    assert!(story.lock().unwrap().is_empty());
    runtime.shut_down().await;
    assert_eq!(*story.lock().unwrap(), ["relay"]);
}

#[tokio::test]
async fn services_of_one_process_stop_apart() {
    let (one, other) = (Runtime::new(Service::Contacts, Clock::system()), Runtime::new(Service::Consent, Clock::system()));
    one.shut_down().await;
    assert!(one.stop(Stage::Relay).is_cancelled() && !other.stop(Stage::Serve).is_cancelled());
    assert_ne!(one.instance(), other.instance());
}
