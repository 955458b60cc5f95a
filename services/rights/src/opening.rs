//! A case begins: its dates, its key, its row, its first question.

use crate::desk::{Desk, MESSAGES, act, erasure_of, place};
use crate::domain::due;
use crate::domain::progress::State;
use crate::domain::request::Identifiers;
use crate::error::{Error, Result};
use crate::store::{CaseRow, agenda, cases};
use crate::timer::ASK_AGAIN;
use db::TenantTx;
use jiff::tz::TimeZone;
use jiff_diesel::ToDiesel as _;
use kernel::{CaseId, PrincipalId, TenantId};
use uuid::Uuid;

/// What a case is about.
pub struct Wanted {
    pub kind: &'static str,
    pub subject: Option<Uuid>,
    pub identifiers: Option<Identifiers>,
    pub message: Option<String>,
    /// A tenant's key; nobody where a person wrote without an account.
    pub by: Option<PrincipalId>,
}

/// Makes a case that is not kept yet. What the person gave is sealed under the case's own key.
///
/// # Errors
/// The key could not be had.
pub async fn prepare(desk: &Desk, tenant: TenantId, wanted: &Wanted) -> Result<CaseRow> {
    let clock = desk.db.clock();
    let (id, now) = (CaseId::new(clock).uuid(), clock.now());
    let zone = desk.opener.tenants().get(tenant.as_bytes()).and_then(|known| TimeZone::get(&known.time_zone).ok());
    let due = due::answer(now, &zone.unwrap_or(TimeZone::UTC));
    let (identifiers, message) = sealed(desk, tenant, id, wanted).await?;
    // The agenda comes first: a case that is kept is never forgotten, and an entry without a case is struck.
    agenda::put(&desk.db, tenant, &[id], now + ASK_AGAIN).await?;
    let channel = if wanted.by.is_some() { "tenant" } else { "contact-us" };
    Ok(CaseRow {
        tenant_id: tenant.uuid(),
        id,
        kind: wanted.kind.to_owned(),
        state: State::AwaitingConfirmation.name().to_owned(),
        channel: channel.to_owned(),
        subject_id: wanted.subject,
        commitment: None,
        keyed: identifiers.is_some() || message.is_some(),
        identifiers,
        message,
        matches: i32::from(wanted.subject.is_some()),
        secret_sha256: None,
        refusal: None,
        opened_by: wanted.by.map(|id| id.uuid()),
        received_at: now.to_diesel(),
        due_internal: due.internal.to_diesel(),
        due_legal: due.legal.to_diesel(),
        asked_at: now.to_diesel(),
        closed_at: None,
        certificate_jws: None,
        version: 1,
    })
}

/// What the person gave to be found by, and what they wrote.
async fn sealed(desk: &Desk, tenant: TenantId, id: Uuid, wanted: &Wanted) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>)> {
    if wanted.identifiers.is_none() && wanted.message.is_none() {
        return Ok((None, None));
    }
    let key = desk.case_key(tenant, id).await?;
    let given = wanted.identifiers.as_ref().map(serde_json::to_vec).transpose()?;
    let identifiers = given.map(|given| seal::seal(&key, &place(tenant, id, cases::STORE), &given));
    let message = wanted.message.as_ref().map(|text| seal::seal(&key, &place(tenant, id, MESSAGES), text.as_bytes()));
    Ok((identifiers, message))
}

/// Keeps a case; one that a tenant opened starts at once.
///
/// # Errors
/// [`Error::ErasureOpen`] for a second erasure of a person; else the transaction's own.
pub async fn keep(desk: &Desk, tx: &mut TenantTx, case: &mut CaseRow, by: Option<PrincipalId>) -> Result<()> {
    only_erasure(tx, case).await?;
    cases::insert(tx, case).await?;
    act(tx, case, "rights.case_opened", by);
    if by.is_some() {
        let state = if case.subject_id.is_some() { State::Planning } else { State::Finding };
        desk.enter(tx, case, state).await?;
    }
    Ok(())
}

/// A second erasure of a person would do nothing but get in the way of the first.
///
/// # Errors
/// [`Error::ErasureOpen`].
pub async fn only_erasure(tx: &mut TenantTx, case: &CaseRow) -> Result<()> {
    match case.subject_id {
        Some(subject) if case.kind == "erasure" && erasure_of(tx, subject, case.id, false).await? => Err(Error::ErasureOpen),
        _ => Ok(()),
    }
}
