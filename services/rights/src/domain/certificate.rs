//! The certificate of an erasure: our word of what was done, made checkable, with what it does not prove.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::platform::{RightsOutcome, RightsPhase};
use kernel::{Timestamp, from_micros};
use privacy::CategorySet;
use serde_json::{Value, json};
use uuid::Uuid;

/// What a certificate is made of.
pub struct Facts<'a> {
    pub tenant: Uuid,
    pub case: Uuid,
    pub received_at: Timestamp,
    pub completed_at: Timestamp,
    pub commitment: Option<&'a [u8]>,
    pub outcomes: &'a [RightsOutcome],
}

/// The document that is signed.
pub fn document(facts: &Facts<'_>) -> Value {
    let phases: Vec<Value> = facts.outcomes.iter().filter(|outcome| outcome.phase() != RightsPhase::Find).map(answer).collect();
    let holds: Vec<Value> =
        facts.outcomes.iter().flat_map(|outcome| outcome.holds.iter().map(move |hold| (outcome, hold))).map(held).collect();
    json!({
        "type": "mxtr.erasure/1",
        "case_id": facts.case,
        "tenant_id": facts.tenant,
        "received_at": facts.received_at,
        "completed_at": facts.completed_at,
        "subject_commitment": facts.commitment.map(hex::encode),
        "policy_version": privacy::bundle().version,
        "scope": "every store of this platform that holds personal data of the person for this tenant",
        "method": "the person's key was destroyed, then rows were removed or untied from the person, then every service looked for what was left",
        "answers": phases,
        "holds": holds,
        "recipients_not_acknowledged": [],
        "unrecoverable_by": unrecoverable_by(facts.outcomes),
        "residue": residue(),
        "does_not_prove": [
            "that copies which left the platform before, on somebody's instruction, are gone",
            "that nobody remembers or wrote down what they saw",
            "that no copy of the key store from before the erasure is kept against the operator's rules; such a copy opens nothing after unrecoverable_by",
        ],
    })
}

/// When copies of the key store from before stop opening anything: keyring's own signed word.
fn unrecoverable_by(outcomes: &[RightsOutcome]) -> Option<Value> {
    let receipt = &outcomes.iter().find(|outcome| outcome.phase() == RightsPhase::Shred)?.receipt_jws;
    let payload = URL_SAFE_NO_PAD.decode(receipt.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Value>(&payload).ok()?.get("unrecoverable_by").cloned()
}

fn answer(outcome: &RightsOutcome) -> Value {
    let counts: Vec<Value> =
        outcome.counts.iter().map(|count| json!({"store": count.store, "what": count.what, "rows": count.rows})).collect();
    json!({
        "service": outcome.service,
        "phase": outcome.phase().as_str_name(),
        "result": outcome.result().as_str_name(),
        "counts": counts,
        "methods": outcome.methods,
        "answered_at": from_micros(outcome.answered_at_us),
        "receipt": outcome.receipt_jws,
    })
}

fn held((outcome, hold): (&RightsOutcome, &events::platform::Hold)) -> Value {
    let categories: Vec<&str> =
        CategorySet::from_bits(hold.categories).unwrap_or(CategorySet::EMPTY).iter().map(privacy::Category::name).collect();
    json!({"service": outcome.service, "store": hold.store, "categories": categories, "ground": hold.ground, "until": from_micros(hold.until_us)})
}

/// What stays, and how long, by the policy's own words.
fn residue() -> Value {
    let rule = |name: &str| privacy::bundle().retention(name).map(|rule| rule.text);
    json!([
        {"what": "suppression tokens: keyed hashes of the address and the number", "why": "so that nobody brings the person back", "until": rule("suppression")},
        {"what": "entries of the audit log", "why": "they name a commitment under the key that was destroyed", "until": rule("audit")},
        {"what": "this case, without the person", "why": "that a request was answered is to be shown", "until": rule("case")},
        {"what": "rejected rows of imported files", "why": "sealed under the key of the import, for whoever mends the file", "until": rule("import_file")},
        {"what": "events on their way and backups", "why": "sealed values in them open with the destroyed key alone", "until": rule("transit")},
    ])
}
