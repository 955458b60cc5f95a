//! A phase of a rights case: who is it, what is held, what is handed out, what goes, what is left.

use crate::domain::blobs::Blobs;
use crate::domain::fields::Values;
use crate::error::{Error, Result};
use crate::store::{people, suppressions};
use crate::telling;
use crate::vault::{Vault, own_limit};
use anyhow::anyhow;
use bus::{Handler, Rejected};
use db::{Db, TenantTx, inbox};
use events::contacts::Change;
use events::platform::{PackagePart, RightsOutcome, RightsPhase, RightsResult, StoreCount};
use events::rights::{CaseKind, RightsTask};
use events::{Incoming, Outgoing, Topic, topics};
use kernel::{Phone, PrincipalId, Service, TenantId, from_micros, micros};
use opener::{Ask, Asking, Held, HolderKind, Opener};
use privacy::{CategorySet, Purpose, Verb};
use seal::evidence::Signer;
use seal::{Key, Place};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// Where parts of a package are said to stand.
const PACKAGE: &str = "contacts.package";
/// Where what a person gave to be found by is said to stand.
const IDENTIFIERS: &str = "rights.cases";

/// Hears `rights.tasks`.
pub struct OnRightsTask {
    pub db: Db,
    pub opener: Opener,
    pub vault: Vault,
    /// Signs this service's own word.
    pub participant: Arc<Signer>,
}

/// What a person gave to be found by.
#[derive(Deserialize)]
struct Identifiers {
    email: Option<String>,
    telephone: Option<String>,
}

#[derive(Default)]
struct Answer {
    result: RightsResult,
    counts: Vec<StoreCount>,
    parts: Vec<PackagePart>,
    found: Vec<Vec<u8>>,
}

struct Task<'a> {
    tenant: TenantId,
    case: Uuid,
    subject: Option<Uuid>,
    message: &'a RightsTask,
}

impl Handler for OnRightsTask {
    fn topics(&self) -> Vec<&'static Topic> {
        vec![&topics::RIGHTS_TASKS]
    }

    async fn handle(&self, event: Incoming) -> std::result::Result<(), Rejected> {
        let message: RightsTask = event.decode()?;
        let phase = message.phase();
        if matches!(phase, RightsPhase::Unspecified | RightsPhase::Shred) {
            return Ok(());
        }
        let case = Uuid::from_slice(&message.case_id).map_err(|_| Rejected::Poison(anyhow!("the task names no case")))?;
        let task = Task { tenant: event.tenant, case, subject: Uuid::from_slice(&message.subject_id).ok(), message: &message };
        if task.subject.is_none() && phase != RightsPhase::Find {
            return Err(Rejected::Poison(anyhow!("the task names nobody")));
        }
        // What needs keys is done before the transaction: nothing leaves the machine inside one.
        let prepared = match phase {
            RightsPhase::Find => Some(self.find(&task).await),
            RightsPhase::Collect => Some(self.collect(&task).await),
            _ => None,
        };
        let prepared = prepared.transpose().map_err(rejected)?;
        self.answer(&event, &task, phase, prepared).await.map_err(rejected)
    }
}

impl OnRightsTask {
    async fn answer(&self, event: &Incoming, task: &Task<'_>, phase: RightsPhase, prepared: Option<Answer>) -> Result<()> {
        self.db
            .tx(task.tenant, "contacts.on_rights_task", async |tx: &mut TenantTx| {
                if !inbox::first_time(tx, "contacts", event.event_id).await? {
                    return Ok(());
                }
                let subject = task.subject.unwrap_or_default();
                let answer = match (phase, &prepared) {
                    (_, Some(prepared)) => Answer {
                        parts: prepared.parts.clone(),
                        counts: prepared.counts.clone(),
                        found: prepared.found.clone(),
                        ..*prepared
                    },
                    (RightsPhase::Erase, None) => erase(tx, subject).await?,
                    (RightsPhase::Plan, None) if task.message.kind() == CaseKind::Erasure => plan_erasure(tx, subject).await?,
                    (_, None) => look(tx, subject, phase).await?,
                };
                let outcome = self.outcome(tx, task, phase, answer);
                tx.publish(outcome);
                Ok(())
            })
            .await
    }

    /// Whom the identifiers of the case match: opened with the key of the case, looked up by their tokens.
    async fn find(&self, task: &Task<'_>) -> Result<Answer> {
        let ask = Ask {
            tenant: task.tenant,
            kind: HolderKind::Case,
            subkeys: vec!["personal".to_owned()],
            purpose: Purpose::LEGAL_OBLIGATION,
            verb: Verb::Read,
        };
        let held = self.vault.keyring().release(&ask, &[task.case]).await?.into_iter().next();
        let Some(Held::Live(keys)) = held else { return Ok(Answer { result: RightsResult::Nothing, ..Answer::default() }) };
        let key = keys.first().ok_or(Error::NotFound)?;
        let place = Place { tenant: task.tenant, holder: task.case, store: IDENTIFIERS, row: task.case, category: "personal" };
        #[expect(clippy::disallowed_methods, reason = "by what somebody is looked for, which nobody is shown")]
        let plain = seal::open(key, &place, &task.message.sealed_identifiers)?;
        let given: Identifiers = serde_json::from_slice(&plain)?;
        let values = Values {
            email: given.email.and_then(|email| email.parse().ok()),
            telephone: given.telephone.and_then(|text| Phone::parse(&text, None).ok()),
            ..Values::default()
        };
        let tokens = self.vault.indexes(task.tenant).await?.tokens(&values);
        let rows =
            people::read_by_tokens(&self.db, task.tenant, tokens.email.into_iter().collect(), tokens.telephone.into_iter().collect())
                .await?;
        let found: Vec<Vec<u8>> = rows.iter().map(|row| row.id.as_bytes().to_vec()).collect();
        let result = if found.is_empty() { RightsResult::Nothing } else { RightsResult::Done };
        Ok(Answer { result, found, ..Answer::default() })
    }

    /// Everything that is held of the person, opened on the case's behalf, journalled, and sealed under the person's package key.
    async fn collect(&self, task: &Task<'_>) -> Result<Answer> {
        let nothing = || Answer { result: RightsResult::Nothing, ..Answer::default() };
        let subject = task.subject.unwrap_or_default();
        let Some(row) = people::read(&self.db, task.tenant, subject).await? else { return Ok(nothing()) };
        let limit = own_limit();
        let asking = Asking {
            tenant: task.tenant,
            principal: PrincipalId::from(task.case),
            limit: &limit,
            purpose: Purpose::LEGAL_OBLIGATION,
            verb: Verb::Export,
            operation: "rights_collect",
        };
        let Some(opened) = self.opener.open(&asking, vec![row.sealed()]).await?.first() else { return Ok(nothing()) };
        let opened = opened.for_work();
        let Blobs { personal, business, imported } = Blobs::opened(|category| opened.blob(category))?;
        let document = json!({
            "contact": {
                "id": row.id, "role": row.role, "source": row.source, "created_at": row.created_at.to_jiff(), "updated_at": row.updated_at.to_jiff(),
                "personal": personal, "business": business, "imported": imported,
                "language": row.language, "time_zone": row.time_zone, "employee_count": row.employee_band,
            }
        });
        let Some(key) = self.package_key(task.tenant, subject).await? else { return Ok(nothing()) };
        let place = Place { tenant: task.tenant, holder: subject, store: PACKAGE, row: task.case, category: "package" };
        let sealed = seal::seal(&key, &place, document.to_string().as_bytes());
        let categories = opened.decision.allowed().bits();
        Ok(Answer {
            result: RightsResult::Done,
            counts: vec![count("collected", 1)],
            parts: vec![PackagePart { name: "contact".to_owned(), sealed, categories }],
            ..Answer::default()
        })
    }

    async fn package_key(&self, tenant: TenantId, subject: Uuid) -> Result<Option<Key>> {
        let ask = Ask {
            tenant,
            kind: HolderKind::Subject,
            subkeys: vec!["package".to_owned()],
            purpose: Purpose::LEGAL_OBLIGATION,
            verb: Verb::Export,
        };
        let held = self.vault.keyring().release(&ask, &[subject]).await?;
        Ok(held.into_iter().find_map(Held::keys).and_then(|keys| keys.into_iter().next()))
    }

    fn outcome(&self, tx: &TenantTx, task: &Task<'_>, phase: RightsPhase, answer: Answer) -> Outgoing {
        let answered_at_us = micros(tx.clock().now());
        let methods = if phase == RightsPhase::Scan { vec!["by-id".to_owned()] } else { Vec::new() };
        let counts: Vec<_> =
            answer.counts.iter().map(|count| json!({"store": count.store, "what": count.what, "rows": count.rows})).collect();
        let receipt = json!({
            "service": Service::Contacts.name(),
            "case_id": task.case,
            "tenant_id": task.tenant,
            "phase": phase.as_str_name(),
            "result": answer.result.as_str_name(),
            "counts": counts,
            "answered_at": from_micros(answered_at_us),
        });
        let outcome = RightsOutcome {
            case_id: task.message.case_id.clone(),
            tenant_id: task.tenant.as_bytes().to_vec(),
            subject_id: task.message.subject_id.clone(),
            service: Service::Contacts.name().to_owned(),
            phase: phase.into(),
            result: answer.result.into(),
            counts: answer.counts,
            parts: answer.parts,
            found_subject_ids: answer.found,
            answered_at_us,
            methods,
            receipt_jws: self.participant.sign(&receipt),
            ..RightsOutcome::default()
        };
        Outgoing::new(topics::outcomes(Service::Contacts), &task.message.case_id, task.tenant, tx.clock(), &outcome)
    }
}

/// Whether waiting helps: what does not open or cannot be read now never will.
fn rejected(error: Error) -> Rejected {
    match error {
        Error::Open(cause) => cause.into(),
        Error::Keyring(cause) => cause.into(),
        Error::Db(cause) => cause.into(),
        Error::NotFound
        | Error::CategoryNotGranted
        | Error::Exists
        | Error::Suppressed
        | Error::NoPolicy
        | Error::WrongState
        | Error::Mapping(_)
        | Error::Refused(_)
        | Error::Repeat(_)
        | Error::Stored(_)
        | Error::Unopenable(_)
        | Error::Lost(_)
        | Error::Reader => Rejected::Poison(error.into()),
    }
}

fn count(what: &str, rows: i64) -> StoreCount {
    StoreCount { store: people::STORE.to_owned(), what: what.to_owned(), rows }
}

/// Plan: what is there. Scan: what is left, which has to be nothing.
async fn look(tx: &mut TenantTx, subject: Uuid, phase: RightsPhase) -> Result<Answer> {
    let rows = people::count(tx, subject).await?;
    let scan = phase == RightsPhase::Scan;
    let result = match (scan, rows) {
        (true, 0) => RightsResult::Done,
        (true, _) => RightsResult::Refused,
        (false, 0) => RightsResult::Nothing,
        (false, _) => RightsResult::Done,
    };
    Ok(Answer { result, counts: vec![count(if scan { "residual" } else { "planned" }, rows)], ..Answer::default() })
}

/// Plan of an erasure: the person is kept out from now on, for their row may be deleted before it can be erased. No choice comes after this: a case is
/// planned once it is known who asks, and what is held of the person is erased then.
async fn plan_erasure(tx: &mut TenantTx, subject: Uuid) -> Result<Answer> {
    if let Some(row) = people::find(tx, subject).await? {
        keep_out(tx, &row.suppressions()).await?;
    }
    look(tx, subject, RightsPhase::Plan).await
}

async fn keep_out(tx: &mut TenantTx, tokens: &[Vec<u8>]) -> Result<()> {
    for token in tokens {
        suppressions::insert(tx, token).await?;
    }
    Ok(())
}

/// The row goes; what stays are keyed hashes, so that nobody brings the person back, by address or by number.
async fn erase(tx: &mut TenantTx, subject: Uuid) -> Result<Answer> {
    let Some(mut row) = people::find(tx, subject).await? else {
        return Ok(Answer { result: RightsResult::Done, counts: vec![count("erased", 0)], ..Answer::default() });
    };
    let tokens = row.suppressions();
    keep_out(tx, &tokens).await?;
    people::delete(tx, subject).await?;
    row.version += 1;
    telling::changed(tx, &row, Change::Deleted, CategorySet::EMPTY);
    let rows = i64::try_from(tokens.len()).unwrap_or_default();
    let kept = StoreCount { store: "contacts.suppressions".to_owned(), what: "kept".to_owned(), rows };
    Ok(Answer { result: RightsResult::Done, counts: vec![count("erased", 1), kept], ..Answer::default() })
}
