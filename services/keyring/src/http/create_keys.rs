//! `POST /internal/v1/keys/create`: makes keys that are not there yet, and releases them.

use super::Desk;
use super::asker::Asker;
use super::message::Message;
use crate::domain::matrix::Action;
use crate::error::Error;
use actix_web::post;
use actix_web::web::Data;
use events::keyring::{CreateKeysRequest, KeysAnswer, ReleaseKeysRequest};

#[post("/internal/v1/keys/create")]
pub async fn create_keys(asker: Asker, desk: Data<Desk>, body: Message<CreateKeysRequest>) -> Result<Message<KeysAnswer>, Error> {
    let CreateKeysRequest { tenant_id, kind, holder_ids, subkeys, purpose, verb } = body.0;
    let request = ReleaseKeysRequest { tenant_id, kind, holder_ids, subkeys, purpose, verb };
    let asking = desk.admit(asker.0, Action::Create, request)?;
    desk.spend(asker.0, asking.tenant, asking.holders.len()).await?;
    let keys = desk.store.create(asking.tenant, asking.kind, &asking.holders).await?;
    Ok(Message(asking.answer(keys)))
}
