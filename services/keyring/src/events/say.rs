//! What keyring says: that a key is gone, how a phase of a rights case ended, and what the audit log keeps.

use crate::domain::holder::Kind;
use crate::ops::{Erasure, Residue, Store};
use crate::store::ledger::Entry;
use db::TenantTx;
use events::Outgoing;
use events::keyring::Shredded;
use events::platform::{Act, RightsOutcome, RightsPhase, RightsResult, StoreCount};
use events::topics;
use kernel::{ActId, Clock, Service, TenantId};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// The key of a holder is gone.
pub fn shredded(tx: &mut TenantTx, clock: &Clock, entry: &Entry, erasure: &Erasure) {
    let tenant = tx.tenant();
    let event = Shredded {
        tenant_id: tenant.as_bytes().to_vec(),
        holder_id: entry.holder.as_bytes().to_vec(),
        kind: entry.kind.event().into(),
        case_id: bytes(entry.case),
        shredded_at_us: erasure.at_us,
        unrecoverable_by_us: erasure.unrecoverable_by_us,
    };
    tx.publish(Outgoing::new(&topics::SHREDDED, entry.holder.as_bytes(), tenant, clock, &event));
}

/// A shredding, for the audit log. The person stands there as a commitment made with the key that is now gone.
pub fn shredding_act(tx: &mut TenantTx, clock: &Clock, entry: &Entry, commitment: Vec<u8>, erasure: &Erasure) {
    let object_id = match entry.kind {
        Kind::Subject => bytes(entry.case),
        Kind::Import | Kind::Case => bytes(Some(entry.holder)),
    };
    let facts = [("kind", entry.kind.name().to_owned()), ("unrecoverable_by_us", erasure.unrecoverable_by_us.to_string())];
    act(tx, clock, "keyring.shredded", Act { object_id, subject_commitment: commitment, facts: facts_of(facts), ..Act::default() });
}

/// The root key of an epoch is gone.
pub fn root_destroyed(tx: &mut TenantTx, clock: &Clock, epoch: i64) {
    act(tx, clock, "keyring.root_destroyed", Act { facts: facts_of([("epoch", epoch.to_string())]), ..Act::default() });
}

/// A service asked for more keys than its budget allows.
pub fn budget_exceeded(tx: &mut TenantTx, clock: &Clock, service: Service) {
    act(tx, clock, "keyring.budget_exceeded", Act { facts: facts_of([("asker", service.name().to_owned())]), ..Act::default() });
}

fn act(tx: &mut TenantTx, clock: &Clock, kind: &str, act: Act) {
    let (tenant, id) = (tx.tenant(), ActId::new(clock));
    let event = Act {
        act_id: id.as_bytes().to_vec(),
        tenant_id: tenant.as_bytes().to_vec(),
        service: Service::Keyring.name().to_owned(),
        kind: kind.to_owned(),
        acted_at_us: kernel::micros(clock.now()),
        ..act
    };
    tx.publish(Outgoing::new(topics::acts(Service::Keyring), id.as_bytes(), tenant, clock, &event));
}

/// Phase SHRED of the case that stands in a ledger entry is done. An entry without a case has nobody to tell.
pub fn shred_outcome(tx: &mut TenantTx, store: &Store, entry: &Entry, erasure: &Erasure) {
    let Some(case) = entry.case.filter(|_| entry.kind == Kind::Subject) else { return };
    let counts = vec![count("keyring.holders", "erased", erasure.erased.into())];
    let answer = Answer {
        case,
        subject: entry.holder,
        phase: RightsPhase::Shred,
        result: RightsResult::Done,
        counts,
        unrecoverable_by_us: Some(erasure.unrecoverable_by_us),
    };
    outcome(tx, store, answer);
}

/// Phase PLAN of an erasure: whether there is a key to destroy.
pub fn plan_outcome(tx: &mut TenantTx, store: &Store, case: Uuid, subject: Uuid, held: bool) {
    let result = if held { RightsResult::Done } else { RightsResult::Nothing };
    let counts = vec![count("keyring.holders", "planned", held.into())];
    outcome(tx, store, Answer { case, subject, phase: RightsPhase::Plan, result, counts, unrecoverable_by_us: None });
}

/// Phase SCAN: what is left, by id and in the ledger.
pub fn scan_outcome(tx: &mut TenantTx, store: &Store, case: Uuid, subject: Uuid, residue: Residue) {
    let result = if residue.is_clean() { RightsResult::Done } else { RightsResult::Refused };
    let counts = vec![count("keyring.holders", "residual", residue.rows), count("keyring.ledger", "shredded", residue.shredded.into())];
    outcome(tx, store, Answer { case, subject, phase: RightsPhase::Scan, result, counts, unrecoverable_by_us: None });
}

struct Answer {
    case: Uuid,
    subject: Uuid,
    phase: RightsPhase,
    result: RightsResult,
    counts: Vec<StoreCount>,
    unrecoverable_by_us: Option<i64>,
}

fn outcome(tx: &mut TenantTx, store: &Store, answer: Answer) {
    let (tenant, clock) = (tx.tenant(), store.clock());
    let answered_at_us = kernel::micros(clock.now());
    let methods = if answer.phase == RightsPhase::Scan { vec!["by-id".to_owned(), "ledger".to_owned()] } else { Vec::new() };
    let event = RightsOutcome {
        case_id: bytes(Some(answer.case)),
        tenant_id: tenant.as_bytes().to_vec(),
        subject_id: bytes(Some(answer.subject)),
        service: Service::Keyring.name().to_owned(),
        phase: answer.phase.into(),
        result: answer.result.into(),
        receipt_jws: store.sign(&receipt(tenant, &answer, answered_at_us)),
        counts: answer.counts,
        answered_at_us,
        methods,
        ..RightsOutcome::default()
    };
    tx.publish(Outgoing::new(topics::outcomes(Service::Keyring), answer.case.as_bytes(), tenant, clock, &event));
}

/// What keyring signs of its answer.
fn receipt(tenant: TenantId, answer: &Answer, answered_at_us: i64) -> serde_json::Value {
    let counts: Vec<_> =
        answer.counts.iter().map(|count| json!({ "store": count.store, "what": count.what, "rows": count.rows })).collect();
    json!({
        "service": Service::Keyring.name(),
        "case_id": answer.case,
        "tenant_id": tenant,
        "phase": answer.phase.as_str_name(),
        "result": answer.result.as_str_name(),
        "counts": counts,
        "unrecoverable_by": answer.unrecoverable_by_us.and_then(kernel::from_micros),
        "answered_at": kernel::from_micros(answered_at_us),
    })
}

fn count(store: &str, what: &str, rows: i64) -> StoreCount {
    StoreCount { store: store.to_owned(), what: what.to_owned(), rows }
}

fn bytes(id: Option<Uuid>) -> Vec<u8> {
    id.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
}

fn facts_of<const N: usize>(facts: [(&str, String); N]) -> HashMap<String, String> {
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
