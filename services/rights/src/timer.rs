//! What happens to a case by time alone: questions that nobody answered are asked again, packages and texts come to their end.

use crate::desk::{Desk, act, ask};
use crate::domain::progress::State;
use crate::error::Result;
use crate::store::{CaseRow, agenda, cases, outcomes, parts};
use db::TenantTx;
use events::platform::RightsPhase;
use jiff::SignedDuration;
use kernel::{TenantId, Timestamp};
use opener::HolderKind;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A question is asked again after so long without all its answers.
pub const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// Cases of other processes are found by looking.
const LOOK: Duration = Duration::from_secs(30);

/// Works on the agenda until it is told to stop.
pub async fn run(desk: Desk, stop: CancellationToken) -> anyhow::Result<()> {
    while !stop.is_cancelled() {
        let due = match agenda::next(&desk.db).await {
            Ok(due) => due,
            Err(cause) => {
                tracing::warn!(%cause, "the agenda cannot be read");
                Vec::new()
            }
        };
        let now = desk.db.clock().now();
        let mut failed = false;
        for (_, tenant, case) in due.iter().filter(|(at, ..)| *at <= now) {
            if let Some(Err(cause)) = stop.run_until_cancelled(look(&desk, *tenant, *case)).await {
                tracing::warn!(%case, %cause, "a case waits");
                failed = true;
            }
        }
        let moved = due.iter().any(|(at, ..)| *at <= now) && !failed;
        if moved {
            continue;
        }
        let next = due.iter().map(|(at, ..)| *at).find(|at| *at > now);
        let until = async {
            match next {
                Some(at) if !failed => desk.db.clock().sleep_until(at).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = desk.wake.notified() => {}
            () = until => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    Ok(())
}

/// Does what is due for a case, and says when to look again.
async fn look(desk: &Desk, tenant: TenantId, id: Uuid) -> Result<()> {
    let Some(case) = cases::read(&desk.db, tenant, id).await? else {
        // It was not kept in the end: it was asked for twice, or must not be. A key that was made for it goes with it.
        desk.opener.keyring().destroy(tenant, HolderKind::Case, id).await?;
        return Ok(agenda::strike(&desk.db, id).await?);
    };
    let now = desk.db.clock().now();
    let again = if case.state().is_final() {
        settle(desk, tenant, &case, now).await?
    } else if case.state().phase().is_some() {
        Some(remind(desk, tenant, id, now).await?)
    } else {
        // The tenant is asked: what it says puts the case on the agenda again.
        None
    };
    match again {
        Some(at) => Ok(agenda::put(&desk.db, tenant, &[id], at).await?),
        None => strike(desk, tenant, id).await,
    }
}

/// Takes a case off the agenda, and puts it back where the tenant said something meanwhile: what it put there may be what was struck.
async fn strike(desk: &Desk, tenant: TenantId, id: Uuid) -> Result<()> {
    agenda::strike(&desk.db, id).await?;
    let runs = cases::read(&desk.db, tenant, id).await?.is_some_and(|case| case.state().phase().is_some());
    if runs {
        agenda::put(&desk.db, tenant, &[id], desk.db.clock().now()).await?;
    }
    Ok(())
}

/// Asks again where answers are missing, or said that something is left.
async fn remind(desk: &Desk, tenant: TenantId, id: Uuid, now: Timestamp) -> Result<Timestamp> {
    desk.db
        .tx(tenant, "rights.remind", async |tx: &mut TenantTx| {
            let Some(mut case) = cases::lock(tx, id).await? else { return Ok(now + ASK_AGAIN) };
            let Some(phase) = case.state().phase() else { return Ok(now + ASK_AGAIN) };
            // A question about nobody has no answer: the person was erased before this case could be closed with the others.
            if case.subject_id.is_none() && phase != RightsPhase::Find {
                desk.enter(tx, &mut case, State::PersonErased).await?;
                return Ok(now);
            }
            let due = case.asked_at.to_jiff() + ASK_AGAIN;
            if due > now {
                return Ok(due);
            }
            // Whoever found something left has to say again that it erased, and that nothing is left; the others are asked too, and need not answer.
            if phase == RightsPhase::Scan && outcomes::forget_refused_scans(tx, id).await? {
                tracing::warn!(case = %id, "something was left of an erasure; it is erased again");
                desk.enter(tx, &mut case, State::Erasing).await?;
            } else {
                ask(tx, &mut case, phase);
                cases::replace(tx, &case).await?;
            }
            Ok::<_, crate::error::Error>(now + ASK_AGAIN)
        })
        .await
}

/// What comes to its end after a case was closed; the next time when something does.
async fn settle(desk: &Desk, tenant: TenantId, case: &CaseRow, now: Timestamp) -> Result<Option<Timestamp>> {
    let closed = case.closed_at.map_or(now, jiff_diesel::Timestamp::to_jiff);
    let after = |rule: &str| closed + SignedDuration::from_hours(24 * privacy::bundle().days(rule));
    let (package, text, whole) = (after("package"), after("case_text"), after("case"));
    let textless = case.identifiers.is_none() && case.message.is_none();
    if case.keyed && (textless || text <= now) {
        desk.opener.keyring().destroy(tenant, HolderKind::Case, case.id).await?;
    }
    let ended = whole <= now;
    desk.db
        .tx(tenant, "rights.settle", async |tx: &mut TenantTx| {
            let Some(mut case) = cases::lock(tx, case.id).await? else { return Ok(()) };
            if package <= now {
                parts::forget(tx, &[case.id]).await?;
            }
            if ended {
                outcomes::forget(tx, case.id).await?;
                act(tx, &case, "rights.case_ended", None);
                cases::delete(tx, case.id).await?;
            } else if case.keyed && (textless || text <= now) {
                (case.identifiers, case.message, case.keyed) = (None, None, false);
                cases::replace(tx, &case).await?;
            }
            Ok::<_, crate::error::Error>(())
        })
        .await?;
    Ok(if ended { None } else { [package, text, whole].into_iter().find(|at| *at > now) })
}
