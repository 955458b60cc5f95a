//! `GET /internal/v1/epoch`: which epoch runs, and whether an older one is still being left.

use super::Desk;
use super::asker::Asker;
use crate::error::Error;
use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;

/// The state of the epochs.
#[derive(Serialize)]
pub struct EpochView {
    /// Number of the newest epoch.
    epoch: i64,
    /// Its end.
    ends_at: kernel::Timestamp,
    /// How many epochs still have a root key; more than one only while the epoch turns.
    living: usize,
}

#[get("/internal/v1/epoch")]
pub async fn show_epoch(_asker: Asker, desk: Data<Desk>) -> Result<Json<EpochView>, Error> {
    let living = desk.store.living_epochs().await?;
    let newest = living.first().ok_or(Error::NoEpoch)?;
    let ends_at = kernel::from_micros(newest.ends_at_us).ok_or(Error::NoEpoch)?;
    Ok(Json(EpochView { epoch: newest.number, ends_at, living: living.len() }))
}
