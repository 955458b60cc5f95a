//! A phase of a rights case: what is held, what is handed out, what goes, what is left.

use super::on_contact_changed::say_gone;
use crate::error::Error;
use crate::store::{people, records, records::Record};
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{Db, TenantTx, inbox};
use events::platform::{PackagePart, RightsOutcome, RightsPhase, RightsResult, StoreCount};
use events::rights::RightsTask;
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{Service, SubjectId, TenantId, from_micros, micros};
use opener::{Ask, Held, HolderKind, Keyring};
use privacy::{Category, Purpose, Verb};
use seal::evidence::Signer;
use seal::{Key, Place};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Where parts of a package are said to stand.
const STORE: &str = "consent.package";

/// Hears `rights.tasks`.
pub struct OnRightsTask {
    pub db: Db,
    pub keyring: Keyring,
    /// Signs this service's own word.
    pub participant: Arc<Signer>,
}

/// What is answered to a phase.
struct Answer {
    result: RightsResult,
    counts: Vec<StoreCount>,
    parts: Vec<PackagePart>,
}

impl Handler for OnRightsTask {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::RIGHTS_TASKS]
    }

    async fn handle(&self, event: Incoming) -> Result<(), Rejected> {
        let task: RightsTask = event.decode()?;
        let phase = task.phase();
        if !matches!(phase, RightsPhase::Plan | RightsPhase::Collect | RightsPhase::Erase | RightsPhase::Scan) {
            return Ok(());
        }
        let poison = |what: &'static str| Rejected::Poison(anyhow!(what));
        let subject = SubjectId::from_slice(&task.subject_id).ok_or_else(|| poison("the task names nobody"))?;
        let case = Uuid::from_slice(&task.case_id).map_err(|_| poison("the task names no case"))?;
        // A key is fetched before the transaction: nothing leaves the machine inside one.
        let package = if phase == RightsPhase::Collect { self.package_key(event.tenant, subject).await? } else { None };
        let done: Result<(), Error> = self
            .db
            .tx(event.tenant, "consent.on_rights_task", async |tx: &mut TenantTx| {
                if !inbox::first_time(tx, "consent", event.event_id).await? {
                    return Ok(());
                }
                let answer = match phase {
                    RightsPhase::Collect => collect(tx, subject, case, package.as_ref()).await?,
                    RightsPhase::Erase => erase(tx, subject).await?,
                    _ => look(tx, subject, phase).await?,
                };
                let outcome = self.outcome(tx, &task, phase, answer);
                tx.publish(outcome);
                Ok(())
            })
            .await;
        done.map_err(Rejected::from)
    }
}

impl OnRightsTask {
    async fn package_key(&self, tenant: TenantId, subject: SubjectId) -> Result<Option<Key>, Rejected> {
        let ask = Ask {
            tenant,
            kind: HolderKind::Subject,
            subkeys: vec!["package".to_owned()],
            purpose: Purpose::LEGAL_OBLIGATION,
            verb: Verb::Export,
        };
        let held = self.keyring.release(&ask, &[subject.uuid()]).await.map_err(|cause| Rejected::Retry(cause.into()))?;
        Ok(held.into_iter().find_map(Held::keys).and_then(|keys| keys.into_iter().next()))
    }

    fn outcome(&self, tx: &TenantTx, task: &RightsTask, phase: RightsPhase, answer: Answer) -> Outgoing {
        let answered_at_us = micros(tx.clock().now());
        let methods = if phase == RightsPhase::Scan { vec!["by-id".to_owned()] } else { Vec::new() };
        let receipt = json!({
            "service": Service::Consent.name(),
            "case_id": Uuid::from_slice(&task.case_id).ok(),
            "tenant_id": tx.tenant(),
            "phase": phase.as_str_name(),
            "result": answer.result.as_str_name(),
            "counts": answer.counts.iter().map(|count| json!({"store": count.store, "what": count.what, "rows": count.rows})).collect::<Vec<_>>(),
            "answered_at": from_micros(answered_at_us),
        });
        let outcome = RightsOutcome {
            case_id: task.case_id.clone(),
            tenant_id: tx.tenant().as_bytes().to_vec(),
            subject_id: task.subject_id.clone(),
            service: Service::Consent.name().to_owned(),
            phase: phase.into(),
            result: answer.result.into(),
            counts: answer.counts,
            parts: answer.parts,
            answered_at_us,
            methods,
            receipt_jws: self.participant.sign(&receipt),
            ..RightsOutcome::default()
        };
        Outgoing::new(topics::outcomes(Service::Consent), &task.case_id, tx.tenant(), tx.clock(), &outcome)
    }
}

fn counts(rows: Vec<(&'static str, i64)>, what: &str) -> Vec<StoreCount> {
    rows.into_iter().map(|(store, rows)| StoreCount { store: store.to_owned(), what: what.to_owned(), rows }).collect()
}

fn any(counts: &[StoreCount]) -> bool {
    counts.iter().any(|count| count.rows > 0)
}

/// Plan: what is there. Scan: what is left, which has to be nothing.
async fn look(tx: &mut TenantTx, subject: SubjectId, phase: RightsPhase) -> Result<Answer, Error> {
    let rows = people::count(tx, subject).await?;
    let scan = phase == RightsPhase::Scan;
    let counts = counts(rows, if scan { "residual" } else { "planned" });
    let result = match (scan, any(&counts)) {
        (true, true) => RightsResult::Refused,
        (false, false) => RightsResult::Nothing,
        _ => RightsResult::Done,
    };
    Ok(Answer { result, counts, parts: Vec::new() })
}

async fn erase(tx: &mut TenantTx, subject: SubjectId) -> Result<Answer, Error> {
    let rows = people::count(tx, subject).await?;
    if people::forget(tx, subject).await? {
        say_gone(tx, subject);
    }
    Ok(Answer { result: RightsResult::Done, counts: counts(rows, "erased"), parts: Vec::new() })
}

async fn collect(tx: &mut TenantTx, subject: SubjectId, case: Uuid, key: Option<&Key>) -> Result<Answer, Error> {
    let said = records::of_person(tx, subject.uuid(), i64::MAX, i64::from(u16::MAX)).await?;
    let Some(key) = key.filter(|_| !said.is_empty()) else {
        return Ok(Answer { result: RightsResult::Nothing, counts: Vec::new(), parts: Vec::new() });
    };
    let document = json!({"consents": said.iter().map(shown).collect::<Vec<Value>>()});
    let place = Place { tenant: tx.tenant(), holder: subject.uuid(), store: STORE, row: case, category: "package" };
    let sealed = seal::seal(key, &place, document.to_string().as_bytes());
    let part = PackagePart { name: "consents".to_owned(), sealed, categories: Category::Derived.bit() };
    let rows = i64::try_from(said.len()).unwrap_or(i64::MAX);
    Ok(Answer { result: RightsResult::Done, counts: counts(vec![("consent.records", rows)], "collected"), parts: vec![part] })
}

/// A record as the person sees it in their package.
fn shown(record: &Record) -> Value {
    json!({
        "purpose": record.purpose,
        "said": record.stance,
        "method": record.method,
        "language": record.language,
        "text_version": record.text_version,
        "collected_at": record.collected_at.to_jiff(),
        "recorded_at": record.recorded_at.to_jiff(),
        "receipt": record.receipt_jws,
    })
}
