//! `POST /internal/v1/index-keys`: a tenant's blind index keys.

use super::Desk;
use super::asker::Asker;
use super::desk::tenant_of;
use super::message::Message;
use crate::domain::matrix;
use crate::error::Error;
use actix_web::post;
use actix_web::web::Data;
use events::keyring::{IndexKeysAnswer, IndexKeysRequest};

#[post("/internal/v1/index-keys")]
pub async fn index_keys(asker: Asker, desk: Data<Desk>, body: Message<IndexKeysRequest>) -> Result<Message<IndexKeysAnswer>, Error> {
    let IndexKeysRequest { tenant_id, fields } = body.0;
    desk.require(!fields.is_empty() && fields.iter().all(|field| matrix::allows_index(asker.0, field)))?;
    let keys = desk.store.index_keys(tenant_of(&tenant_id)?, &fields).await?;
    Ok(Message(IndexKeysAnswer { keys: keys.iter().map(|key| key.as_bytes().to_vec()).collect() }))
}
