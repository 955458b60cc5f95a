//! `POST /internal/v1/keys/destroy`: the end of an import's or a case's key. A person's key goes only by a rights case.

use super::Desk;
use super::asker::Asker;
use super::desk::{id_of, tenant_of};
use super::message::Message;
use crate::domain::matrix::{self, Action, Ask};
use crate::error::Error;
use crate::ops::Destroyed;
use actix_web::post;
use actix_web::web::Data;
use events::keyring::{DestroyKeyAnswer, DestroyKeyRequest};

#[post("/internal/v1/keys/destroy")]
pub async fn destroy_key(asker: Asker, desk: Data<Desk>, body: Message<DestroyKeyRequest>) -> Result<Message<DestroyKeyAnswer>, Error> {
    let kind = desk.kind(body.0.kind)?;
    desk.require(matrix::allows(&Ask { service: asker.0, action: Action::Destroy, kind, purpose: "", verb: "" }, &[]))?;
    let (tenant, holder) = (tenant_of(&body.0.tenant_id)?, id_of(&body.0.holder_id)?);
    match desk.store.destroy(tenant, kind, holder).await? {
        Destroyed::Gone(erasure) => Ok(Message(DestroyKeyAnswer { unrecoverable_by_us: erasure.unrecoverable_by_us })),
        Destroyed::OtherKind => Err(Error::Forbidden),
    }
}
