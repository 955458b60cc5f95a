//! The routes: what is here is all there is.

mod get_checkpoint;
mod get_read_proof;
mod list_reads;
mod prove_consistency;
mod prove_inclusion;
mod search_reads;
mod view;

use privacy::{Purpose, Verb};
use utoipa_actix_web::service_config::ServiceConfig;
use web::{Caller, Limit, Right};

/// Every route.
pub fn routes(api: &mut ServiceConfig<'_>) {
    api.service(get_checkpoint::get_checkpoint)
        .service(prove_inclusion::prove_inclusion)
        .service(prove_consistency::prove_consistency)
        .service(list_reads::list_reads)
        .service(search_reads::search_reads)
        .service(get_read_proof::get_read_proof);
}

/// Sees who read what. Entries name nobody: no category is needed, the purpose `audit` is.
pub struct ReadAudit;

impl Right for ReadAudit {
    const LIMIT: Limit = Limit::verb(Verb::Read);
}

fn for_audit(caller: &Caller<ReadAudit>) -> crate::error::Result<()> {
    if caller.limit().purposes.contains(Purpose::AUDIT) { Ok(()) } else { Err(crate::error::Error::PurposeNotGranted) }
}
