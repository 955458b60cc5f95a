//! The log over HTTP: what was heard is in it once, belongs to its tenant, and can be checked by a stranger.

use crate::app::App;
use audit::domain::checkpoint::Checkpoint;
use audit::domain::merkle::{self, Hash, leaf_hash};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::TenantId;
use serde_json::Value;

fn hashes(proof: &Value) -> Vec<Hash> {
    proof.as_array().unwrap().iter().map(|hash| STANDARD.decode(hash.as_str().unwrap()).unwrap().try_into().unwrap()).collect()
}

impl App {
    /// The newest checkpoint, once it speaks for so many entries, checked as a stranger would.
    async fn checkpoint(&self, size: u64) -> Checkpoint {
        let newest = || async { self.client.get("/v1/audit/checkpoint").await.json() };
        testkit::until("the checkpoint is signed", || async { newest().await["size"].as_u64().is_some_and(|signed| signed >= size) }).await;
        self.signed(&newest().await["note"])
    }

    fn signed(&self, note: &Value) -> Checkpoint {
        Checkpoint::from_note(note.as_str().unwrap(), "mxtr/audit", &self.public_key, |key, message, signature| {
            seal::evidence::verify_bytes(key, message, signature)
        })
        .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_can_be_seen_and_proved_offline() {
    let app = App::start().await;
    for person in 0..5 {
        app.says_read(app.tenant, &[[person; 32], [9; 32]]).await;
    }
    let reads = app.reads(&app.auditor, 5).await;
    assert_eq!(reads[0]["purpose"], "client_service:support");
    assert_eq!((&reads[0]["opened"], &reads[0]["withheld"]), (&serde_json::json!(["personal"]), &serde_json::json!(["business"])));
    assert_eq!(reads[0]["people"], 2);
    // The log holds what other tests said too.
    let last = reads.iter().map(|read| read["leaf"].as_u64().unwrap()).max().unwrap();
    let checkpoint = app.checkpoint(last + 1).await;
    let told = app.database.events(TenantId::HOUSE).await.into_iter().filter_map(|event| event.data);
    let mut told = told.map(|data| <events::audit::Checkpoint as prost::Message>::decode(data.as_slice()).unwrap());
    assert!(
        told.any(|told| told.size == i64::try_from(checkpoint.size).unwrap() && told.root == checkpoint.root),
        "whoever listens has the same"
    );
    for read in &reads {
        let leaf = read["leaf"].as_u64().unwrap();
        let proof = app.client.with(&app.auditor).get(&format!("/v1/reads/{leaf}/proof")).await.json();
        let checkpoint = app.signed(&proof["checkpoint"]);
        let entry = leaf_hash(&STANDARD.decode(proof["entry"].as_str().unwrap()).unwrap());
        assert!(merkle::verify_inclusion(leaf, checkpoint.size, &entry, &hashes(&proof["inclusion"]), &checkpoint.root));
        assert!(!merkle::verify_inclusion(leaf, checkpoint.size, &leaf_hash(b"another"), &hashes(&proof["inclusion"]), &checkpoint.root));
    }
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_shown_to_have_only_grown() {
    let app = App::start().await;
    app.says_read(app.tenant, &[[1; 32]]).await;
    let before = app.checkpoint(1).await;
    for person in 2..6 {
        app.says_read(app.tenant, &[[person; 32]]).await;
    }
    let after = app.checkpoint(before.size + 4).await;
    let proof = app.client.get(&format!("/v1/audit/proofs/consistency?from={}&to={}", before.size, after.size)).await.json();
    assert!(merkle::verify_consistency(before.size, after.size, &before.root, &after.root, &hashes(&proof["proof"])));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_one_entry() {
    let app = App::start().await;
    let event = app.says_read(app.tenant, &[[1; 32]]).await;
    app.platform.say(&[event.clone(), event]).await;
    app.says_read(app.tenant, &[[2; 32]]).await;
    let sql = app.database.superuser().await;
    let handled = || async { sql.query_one("SELECT count(*) FROM infra.inbox", &[]).await.unwrap().get::<_, i64>(0) };
    testkit::until("both reads are handled", || async { handled().await >= 2 }).await;
    assert_eq!(app.reads(&app.auditor, 2).await.len(), 2);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_entry_is_not_found_like_one_that_never_was() {
    let app = App::start().await;
    let other = app.platform.tenant(&[]).await;
    let others = app.platform.key(other, "auditor").await;
    app.says_read(app.tenant, &[[1; 32]]).await;
    let leaf = app.reads(&app.auditor, 1).await[0]["leaf"].as_u64().unwrap();
    app.checkpoint(leaf + 1).await;
    let stranger = app.client.with(&others);
    assert_eq!(stranger.get("/v1/reads").await.json()["data"], serde_json::json!([]));
    let (foreign, unknown) = (stranger.get(&format!("/v1/reads/{leaf}/proof")).await, stranger.get("/v1/reads/4711/proof").await);
    assert_eq!((foreign.status, foreign.without_instance()), (404, unknown.without_instance()));
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_cursors_cannot_be_forged() {
    let app = App::start().await;
    for person in 0..5 {
        app.says_read(app.tenant, &[[person; 32]]).await;
    }
    app.reads(&app.auditor, 5).await;
    let auditor = app.client.with(&app.auditor);
    let first = auditor.get("/v1/reads?limit=3").await.json();
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    let second = auditor.get(&format!("/v1/reads?limit=3&cursor={cursor}")).await.json();
    let leaves = |page: &Value| page["data"].as_array().unwrap().iter().map(|read| read["leaf"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!([leaves(&first), leaves(&second)].concat().len(), 5);
    assert!(leaves(&first).iter().all(|leaf| *leaf > leaves(&second)[0]));
    let forged = cursor.replace(cursor.chars().next().unwrap(), "_");
    assert_eq!(auditor.get(&format!("/v1/reads?cursor={forged}")).await.status, 400);
    let other = app.platform.tenant(&[]).await;
    let others = app.platform.key(other, "auditor").await;
    assert_eq!(app.client.with(&others).get(&format!("/v1/reads?cursor={cursor}")).await.status, 400);
    app.runtime.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_only_grow_and_keep_tenants_apart() {
    let app = App::start().await;
    app.says_read(app.tenant, &[[1; 32]]).await;
    app.reads(&app.auditor, 1).await;
    let owner = testkit::connect(&app.database.owner_url).await;
    for table in ["nodes", "entries", "subjects"] {
        let refused = owner.batch_execute(&format!("DELETE FROM audit.{table}")).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("only grows"), "{table}");
    }
    let serving = testkit::connect(&app.database.url).await;
    assert_eq!(
        serving.query_one("SELECT count(*) FROM audit.entries", &[]).await.unwrap().get::<_, i64>(0),
        0,
        "without a tenant nothing is seen"
    );
    let mut connection = <db::AsyncPgConnection as diesel_async::AsyncConnection>::establish(&app.database.owner_url).await.unwrap();
    assert_eq!(db::row_security_faults(&mut connection).await.unwrap(), Vec::<String>::new());
    app.runtime.shut_down().await;
}
