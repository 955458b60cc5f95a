//! How much waits for a worker, and when that is too much.

use std::sync::atomic::{AtomicUsize, Ordering};

/// With so many records waiting, a partition is paused …
const HIGH: usize = 4_000;
/// … or with so many bytes of them: an event may be 4 MiB long …
const HIGH_BYTES: usize = 4 << 20;
/// … until no more than so many are …
const LOW: usize = 500;
/// … and no more than so many bytes.
const LOW_BYTES: usize = 1 << 20;

/// What is fetched and not yet handled, what is in hand included.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    records: AtomicUsize,
    bytes: AtomicUsize,
}

impl Waiting {
    pub fn come(&self, bytes: usize) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn go(&self, records: usize, bytes: usize) {
        self.records.fetch_sub(records, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn is_too_much(&self) -> bool {
        self.records() >= HIGH || self.bytes() >= HIGH_BYTES
    }

    pub fn is_little(&self) -> bool {
        self.records() <= LOW && self.bytes() <= LOW_BYTES
    }
}
