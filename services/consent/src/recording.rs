//! Recording a statement: the record, the receipt, the person's new state and what is said of it, in one transaction.

use crate::domain::receipt::{Circumstances, Receipt, effective_by};
use crate::domain::state::{after, blank, stance};
use crate::domain::statement::{Statement, admissible};
use crate::error::{Error, Result};
use crate::store::{people, records, records::Record};
use bus::View;
use db::{Db, TenantTx};
use events::identity::Tenant;
use events::platform::Act;
use events::{Outgoing, topics};
use jiff_diesel::ToDiesel as _;
use kernel::{ActId, ConsentId, PrincipalId, ReceiptId, Service, TenantId, micros};
use privacy::{RecordRole, bundle};
use seal::evidence::Signer;
use std::sync::Arc;
use std::time::Duration;

/// Records statements.
pub struct Recorder {
    pub db: Db,
    pub receipts: Signer,
    /// How old what a service knows may be before it refuses to decide.
    pub lease: Duration,
    pub tenants: Arc<View<Tenant>>,
}

impl Recorder {
    /// Records what a person said, if it may follow on what they said before.
    pub async fn record(&self, tx: &mut TenantTx, principal: PrincipalId, statement: &Statement) -> Result<Record> {
        let subject = statement.subject;
        let person = people::find(tx, subject).await?.ok_or(Error::NotFound)?;
        let before = people::lock_state(tx, subject).await?.unwrap_or_else(|| blank(tx.tenant(), subject));
        let now = self.db.clock().now();
        admissible(statement, stance(&before, statement.purpose), person.role == RecordRole::Processor, now)?;
        let state = after(before, statement, now);
        people::keep_state(tx, subject, &state).await?;
        let record = self.sign(tx.tenant(), principal, statement, state.version);
        records::insert(tx, &record).await?;
        tx.publish(Outgoing::new(&topics::CONSENT_DECISIONS, subject.as_bytes(), tx.tenant(), tx.clock(), &state));
        let act = self.act(tx.tenant(), principal, &record);
        tx.publish(act);
        Ok(record)
    }

    /// The record with its receipt.
    fn sign(&self, tenant: TenantId, principal: PrincipalId, statement: &Statement, version: i64) -> Record {
        let clock = self.db.clock();
        let (now, known) = (clock.now(), self.tenants.get(tenant.as_bytes()));
        let at = Circumstances {
            tenant,
            record: ConsentId::new(clock),
            receipt: ReceiptId::new(clock),
            privacy_notice: known.as_ref().map(|tenant| tenant.privacy_policy_url.clone()).filter(|url| !url.is_empty()),
            jurisdiction: known.as_ref().map(|tenant| tenant.jurisdiction.clone()).filter(|code| !code.is_empty()),
            recorded_at: now,
            effective_by: effective_by(now, self.lease),
        };
        Record {
            tenant_id: tenant.uuid(),
            id: at.record.uuid(),
            subject_id: statement.subject.uuid(),
            version,
            purpose: statement.purpose.name().to_owned(),
            stance: statement.said.name().to_owned(),
            method: statement.method.name().to_owned(),
            language: statement.wording.language.clone(),
            text_version: statement.wording.version.clone(),
            text_sha256: statement.wording.sha256.map(|hash| hash.to_vec()),
            policy_version: bundle().version.to_owned(),
            principal_id: principal.uuid(),
            collected_at: statement.collected_at.to_diesel(),
            recorded_at: now.to_diesel(),
            receipt_id: at.receipt.uuid(),
            receipt_jws: self.receipts.sign(&Receipt::new(statement, &at)),
        }
    }

    /// What the audit log keeps of it: that something was recorded for a purpose, not of whom.
    fn act(&self, tenant: TenantId, principal: PrincipalId, record: &Record) -> Outgoing {
        let clock = self.db.clock();
        let id = ActId::new(clock);
        let act = Act {
            act_id: id.as_bytes().to_vec(),
            tenant_id: tenant.as_bytes().to_vec(),
            principal_id: principal.as_bytes().to_vec(),
            service: Service::Consent.name().to_owned(),
            kind: "consent.recorded".to_owned(),
            object_id: record.id.as_bytes().to_vec(),
            subject_commitment: Vec::new(),
            acted_at_us: micros(clock.now()),
            trace_id: runtime::telemetry::trace_id().to_vec(),
            facts: [("purpose".to_owned(), record.purpose.clone()), ("said".to_owned(), record.stance.clone())].into(),
        };
        Outgoing::new(topics::acts(Service::Consent), id.as_bytes(), tenant, clock, &act)
    }
}
