//! What was done on somebody's word stands in the audit log, with whose word it was, and with nobody's id.

use crate::app::{App, change, key};
use crate::imports::file;
use events::keyring::{HolderKind, ReleaseKeysRequest};
use events::platform::Act;
use events::topics;
use kernel::{Service, SubjectId};
use prost::Message as _;
use reqwest::Method;
use serde_json::json;
use testkit::Listener;
use uuid::Uuid;

/// The tenant's next act of this kind.
async fn next(app: &App, acts: &Listener, kind: &str) -> Act {
    let wanted = |event: &events::Incoming| event.tenant == app.tenant && event.decode::<Act>().is_ok_and(|act| act.kind == kind);
    let act: Act = acts.next(wanted).await.decode().unwrap();
    assert_eq!((act.service.as_str(), act.principal_id.as_slice()), ("contacts", app.owner.id.as_bytes().as_slice()), "{kind}");
    act
}

#[tokio::test(flavor = "multi_thread")]
async fn who_assured_brought_in_and_let_in_is_on_record() {
    let app = App::start().await;
    // One for each kind: acts of different keys come in no order.
    let listen = || Listener::start(app.platform.config(), topics::acts(Service::Contacts));
    let (owner, attested, staged, committed) = (app.owner(), listen().await, listen().await, listen().await);
    let body = json!({"provider": "acme-data", "document_sha256": "ab".repeat(32), "covers_collection": true, "covers_sharing": false,
        "signed_on": "2026-01-01"});
    let assurance = owner.post("/v1/attestations", &body).await.json()["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    assert_eq!(next(&app, &attested, "contacts.attestation_created").await.object_id, assurance.as_bytes());

    let declared = format!("source=provider&basis=legitimate_interest&attestation_id={assurance}");
    let done = app.import(&declared, &file(&[("ada@example.com", "Ada", "")])).await;
    let import = done["id"].as_str().unwrap().parse::<Uuid>().unwrap();
    for (acts, kind) in [(staged, "contacts.import_staged"), (committed, "contacts.import_committed")] {
        let act = next(&app, &acts, kind).await;
        assert_eq!((act.object_id.as_slice(), act.subject_commitment.len()), (import.as_bytes().as_slice(), 0), "{kind}");
        let fact = |name: &str| act.facts[name].as_str();
        assert_eq!((fact("source"), fact("basis"), fact("rows")), ("provider", "legitimate_interest", "1"), "{kind}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_on_record_about_a_commitment_and_no_id() {
    let app = App::start().await;
    let acts = Listener::start(app.platform.config(), topics::acts(Service::Contacts)).await;
    let path = app.contact(&json!({"email": "ada@example.com"})).await;
    let person: SubjectId = path.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(change(&app.owner(), Method::DELETE, &path, Some("\"1\""), &json!({})).await.status, 204);
    let act = next(&app, &acts, "contacts.contact_deleted").await;
    let request = ReleaseKeysRequest {
        tenant_id: app.tenant.as_bytes().to_vec(),
        kind: HolderKind::Subject.into(),
        holder_ids: vec![person.as_bytes().to_vec()],
        subkeys: vec!["audit".to_owned()],
        purpose: "legal_obligation".to_owned(),
        verb: "read".to_owned(),
    };
    let audit = key(&app.ask_keyring("keys/release", request.encode_to_vec()).await);
    assert_eq!((act.subject_commitment, act.object_id), (seal::index::commitment(&audit, person).to_vec(), Vec::new()));
    app.stop().await;
}
