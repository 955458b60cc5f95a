//! Protobuf bodies.

use super::BODY_BYTES;
use crate::error::Error;
use actix_web::body::BoxBody;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, HttpResponse, Responder};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;

const PROTOBUF: &str = "application/protobuf";

/// A protobuf body, read or to be written.
pub struct Message<M>(pub M);

impl<M: prost::Message + Default> FromRequest for Message<M> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_protobuf = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == PROTOBUF);
        let mut payload = payload.take();
        Box::pin(async move {
            let mut body = Vec::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Error::Unreadable)?;
                if !is_protobuf || body.len() + chunk.len() > BODY_BYTES {
                    return Err(Error::Unreadable);
                }
                body.extend_from_slice(&chunk);
            }
            M::decode(body.as_slice()).map(Self).map_err(|_| Error::Unreadable)
        })
    }
}

impl<M: prost::Message> Responder for Message<M> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type(PROTOBUF).insert_header(("Cache-Control", "no-store")).body(self.0.encode_to_vec())
    }
}
