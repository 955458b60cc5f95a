//! `POST /internal/v1/keys/release`: the keys of holders that exist.

use super::Desk;
use super::asker::Asker;
use super::message::Message;
use crate::domain::matrix::Action;
use crate::error::Error;
use actix_web::post;
use actix_web::web::Data;
use events::keyring::{KeysAnswer, ReleaseKeysRequest};

#[post("/internal/v1/keys/release")]
pub async fn release_keys(asker: Asker, desk: Data<Desk>, body: Message<ReleaseKeysRequest>) -> Result<Message<KeysAnswer>, Error> {
    let request = desk.admit(asker.0, Action::Release, body.0)?;
    desk.spend(asker.0, request.tenant, request.holders.len()).await?;
    let keys = desk.store.release(request.tenant, request.kind, &request.holders).await?;
    Ok(Message(request.answer(keys)))
}
