//! What contacts tells: that a contact changed, never what it says.

use crate::store::ContactRow;
use db::TenantTx;
use events::contacts::{Change, ContactChanged};
use events::{Outgoing, topics};
use kernel::micros;
use privacy::CategorySet;

/// Tells of a change when the transaction commits.
pub fn changed(tx: &mut TenantTx, row: &ContactRow, change: Change, categories: CategorySet) {
    let event = ContactChanged {
        tenant_id: row.tenant_id.as_bytes().to_vec(),
        subject_id: row.id.as_bytes().to_vec(),
        version: row.version,
        change: change.into(),
        role: row.role.clone(),
        source: row.source.clone(),
        categories: categories.bits(),
        import_id: row.import_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        changed_at_us: micros(tx.clock().now()),
        quarantined: row.quarantined,
    };
    let event = Outgoing::new(&topics::CONTACT_CHANGES, row.id.as_bytes(), tx.tenant(), tx.clock(), &event);
    tx.publish(event);
}
