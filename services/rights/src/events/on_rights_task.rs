//! A phase of a rights case, as rights itself answers it: cases are about people too.

use crate::desk::{Desk, MESSAGES, place};
use crate::domain::progress::State;
use crate::error::{Error, Result};
use crate::store::{cases, parts};
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{TenantTx, inbox};
use events::platform::{PackagePart, RightsOutcome, RightsPhase, RightsResult, StoreCount};
use events::rights::RightsTask;
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{Service, SubjectId, TenantId, from_micros, micros};
use opener::HolderKind;
use privacy::{Category, Verb};
use seal::Place;
use seal::evidence::Signer;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Where the part of a package is said to stand.
const PACKAGE: &str = "rights.package";

/// Hears `rights.tasks`.
pub struct OnRightsTask {
    pub desk: Desk,
    /// Signs this service's own word.
    pub participant: Arc<Signer>,
}

#[derive(Clone, Default)]
struct Answer {
    result: RightsResult,
    counts: Vec<StoreCount>,
    parts: Vec<PackagePart>,
    /// Cases that the person was taken out of: their keys are to go.
    untied: Vec<Uuid>,
}

impl Handler for OnRightsTask {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::RIGHTS_TASKS]
    }

    async fn handle(&self, event: Incoming) -> std::result::Result<(), Rejected> {
        let task: RightsTask = event.decode()?;
        if !matches!(task.phase(), RightsPhase::Plan | RightsPhase::Collect | RightsPhase::Erase | RightsPhase::Scan) {
            return Ok(());
        }
        let poison = |what: &'static str| Rejected::Poison(anyhow!(what));
        let subject = SubjectId::from_slice(&task.subject_id).ok_or_else(|| poison("the task names nobody"))?;
        let case = Uuid::from_slice(&task.case_id).map_err(|_| poison("the task names no case"))?;
        self.answer(&event, &task, subject, case).await.map_err(Rejected::from)
    }
}

impl OnRightsTask {
    async fn answer(&self, event: &Incoming, task: &RightsTask, subject: SubjectId, case: Uuid) -> Result<()> {
        // What needs keys is done before the transaction: nothing leaves the machine inside one.
        let collected = if task.phase() == RightsPhase::Collect { Some(self.collect(event.tenant, subject, case).await?) } else { None };
        let untied = self
            .desk
            .db
            .tx(event.tenant, "rights.on_rights_task", async |tx: &mut TenantTx| {
                if !inbox::first_time(tx, "rights.tasks", event.event_id).await? {
                    return Ok(Vec::new());
                }
                let answer = match (&collected, task.phase()) {
                    (Some(collected), _) => collected.clone(),
                    (None, RightsPhase::Erase) => self.erase(tx, subject.uuid(), case).await?,
                    (None, phase) => look(tx, subject.uuid(), case, phase).await?,
                };
                let untied = answer.untied.clone();
                let outcome = self.outcome(tx, task, answer);
                tx.publish(outcome);
                Ok::<_, Error>(untied)
            })
            .await?;
        self.desk.look_now(event.tenant, &untied).await
    }

    /// Earlier cases of the person, with what they wrote.
    async fn collect(&self, tenant: TenantId, subject: SubjectId, case: Uuid) -> Result<Answer> {
        let nothing = Answer { result: RightsResult::Nothing, ..Answer::default() };
        let rows = cases::of_person(&self.desk.db, tenant, subject.uuid(), case).await?;
        if rows.is_empty() {
            return Ok(nothing);
        }
        let mut shown: Vec<Value> = Vec::with_capacity(rows.len());
        for row in &rows {
            shown.push(json!({
                "id": row.id, "kind": row.kind, "state": row.state, "received_at": row.received_at.to_jiff(),
                "message": self.message(tenant, row).await?,
            }));
        }
        let Some(key) = self.desk.key(tenant, HolderKind::Subject, subject.uuid(), "package", Verb::Export).await? else {
            return Ok(nothing);
        };
        let place = Place { tenant, holder: subject.uuid(), store: PACKAGE, row: case, category: "package" };
        let sealed = seal::seal(&key, &place, json!({"cases": shown}).to_string().as_bytes());
        let part = PackagePart { name: "cases".to_owned(), sealed, categories: Category::Personal.bit() | Category::Derived.bit() };
        let counts = vec![count("collected", i64::try_from(rows.len()).unwrap_or(i64::MAX))];
        Ok(Answer { result: RightsResult::Done, counts, parts: vec![part], untied: Vec::new() })
    }

    async fn message(&self, tenant: TenantId, row: &cases::CaseRow) -> Result<Option<String>> {
        let Some(sealed) = &row.message else { return Ok(None) };
        let Some(key) = self.desk.key(tenant, HolderKind::Case, row.id, "personal", Verb::Export).await? else { return Ok(None) };
        #[expect(
            clippy::disallowed_methods,
            reason = "the text goes into the person's own package, sealed again; whoever downloads that is recorded"
        )]
        let plain = seal::open(&key, &place(tenant, row.id, MESSAGES), sealed).ok();
        Ok(plain.and_then(|plain| String::from_utf8(plain.to_vec()).ok()))
    }

    /// Other cases stay, without the person; their packages and texts go. A task that comes late, for a case that is not erasing any more, parts nobody.
    async fn erase(&self, tx: &mut TenantTx, subject: Uuid, case: Uuid) -> Result<Answer> {
        let mut untied = Vec::new();
        if let Some(case) = cases::lock(tx, case).await?.filter(|case| case.state() == State::Erasing) {
            untied = self.desk.close_others(tx, &case).await?;
            let closed = cases::untie(tx, subject, case.id).await?;
            parts::forget(tx, &closed).await?;
            untied.extend(closed);
        }
        let counts = vec![count("untied", i64::try_from(untied.len()).unwrap_or(i64::MAX))];
        Ok(Answer { result: RightsResult::Done, counts, untied, ..Answer::default() })
    }

    fn outcome(&self, tx: &TenantTx, task: &RightsTask, answer: Answer) -> Outgoing {
        let answered_at_us = micros(tx.clock().now());
        let scanned = task.phase() == RightsPhase::Scan;
        let counts: Vec<_> =
            answer.counts.iter().map(|count| json!({"store": count.store, "what": count.what, "rows": count.rows})).collect();
        let receipt = json!({
            "service": Service::Rights.name(),
            "case_id": Uuid::from_slice(&task.case_id).ok(),
            "tenant_id": tx.tenant(),
            "phase": task.phase().as_str_name(),
            "result": answer.result.as_str_name(),
            "counts": counts,
            "answered_at": from_micros(answered_at_us),
        });
        let outcome = RightsOutcome {
            case_id: task.case_id.clone(),
            tenant_id: tx.tenant().as_bytes().to_vec(),
            subject_id: task.subject_id.clone(),
            service: Service::Rights.name().to_owned(),
            phase: task.phase,
            result: answer.result.into(),
            counts: answer.counts,
            parts: answer.parts,
            answered_at_us,
            methods: if scanned { vec!["by-id".to_owned()] } else { Vec::new() },
            receipt_jws: self.participant.sign(&receipt),
            ..RightsOutcome::default()
        };
        Outgoing::new(topics::outcomes(Service::Rights), &task.case_id, tx.tenant(), tx.clock(), &outcome)
    }
}

fn count(what: &str, rows: i64) -> StoreCount {
    StoreCount { store: cases::STORE.to_owned(), what: what.to_owned(), rows }
}

/// Plan: which other cases are about the person. Scan: the same, which has to be none.
async fn look(tx: &mut TenantTx, subject: Uuid, case: Uuid, phase: RightsPhase) -> Result<Answer> {
    let rows = cases::count(tx, subject, case).await?;
    let scan = phase == RightsPhase::Scan;
    let result = match (scan, rows) {
        (true, 0) => RightsResult::Done,
        (true, _) => RightsResult::Refused,
        (false, 0) => RightsResult::Nothing,
        (false, _) => RightsResult::Done,
    };
    Ok(Answer { result, counts: vec![count(if scan { "residual" } else { "planned" }, rows)], ..Answer::default() })
}
