//! The internal address: protobuf over HTTP, for services with a token. [`routes`] is the list of what is there.

mod asker;
mod create_keys;
mod desk;
mod destroy_key;
mod index_keys;
mod message;
mod release_keys;
mod show_epoch;

pub use desk::Desk;

use actix_web::web::ServiceConfig;

/// The largest body: 5,000 ids and their frame, with room to spare.
const BODY_BYTES: usize = 512 * 1024;
/// How many holders a request may name.
const HOLDERS: usize = 5_000;

/// Every route.
pub fn routes(api: &mut ServiceConfig) {
    api.service(create_keys::create_keys)
        .service(release_keys::release_keys)
        .service(destroy_key::destroy_key)
        .service(index_keys::index_keys)
        .service(show_epoch::show_epoch);
}
