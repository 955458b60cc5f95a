//! Imports: a file is staged sealed while it streams in, then committed chunk by chunk, each exactly once.

mod chunk;
mod commit;
mod merge;
mod prepare;
mod reading;
mod stage;
mod staged;
mod turns;

pub use stage::{Declared, Stager};
pub use staged::{Counts, Staged, chunk_place, open_header, open_rows};
pub use turns::Importer;

/// How many rows a chunk has.
pub const CHUNK: usize = 1000;
/// Where staged rows stand.
pub const STAGED: &str = "contacts.import_chunks";
/// Where rejected rows stand.
pub const REJECTED: &str = "contacts.import_rejects";
/// Where the header of a file stands.
pub const HEADER: &str = "contacts.imports";
