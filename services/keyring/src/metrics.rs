//! What an operator sees of keyring: counts and the epoch, never an id.

use crate::domain::epoch::Epoch;
use crate::domain::holder::Kind;
use kernel::Service;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// The figures of one keyring process.
pub struct Metrics {
    created: IntCounterVec,
    opened: IntCounterVec,
    refused: IntCounterVec,
    shredded: IntCounterVec,
    epoch: IntGauge,
    epoch_ends_at: IntGauge,
    living: IntGauge,
    turn_failures: IntCounter,
}

/// Why somebody got no key.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    /// No token, or not a valid one.
    Token,
    /// The table does not allow it.
    Matrix,
    /// The budget of openings is spent.
    Budget,
}

impl Refused {
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Matrix => "matrix",
            Self::Budget => "budget",
        }
    }
}

impl Metrics {
    /// Registers the figures.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counters = |name: &str, help: &str, label: &str| {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let turn_failures =
            IntCounter::new("keyring_turn_failures_total", "Tenants that could not be moved to the new epoch, each time they were tried")?;
        registry.register(Box::new(turn_failures.clone()))?;
        Ok(Self {
            created: counters("keyring_created_total", "Keys made, by kind of holder", "kind")?,
            opened: counters("keyring_opened_total", "Keys released, by service", "service")?,
            refused: counters("keyring_refused_total", "Requests refused, by reason", "reason")?,
            shredded: counters("keyring_shredded_total", "Keys destroyed, by kind of holder", "kind")?,
            epoch: gauge("keyring_epoch", "Number of the newest epoch")?,
            epoch_ends_at: gauge("keyring_epoch_ends_at_seconds", "End of the newest epoch, Unix time")?,
            living: gauge("keyring_epochs_living", "Epochs whose root key still exists; more than one only while an epoch turns")?,
            turn_failures,
        })
    }

    /// Keys were made.
    pub fn created(&self, kind: Kind, keys: usize) {
        self.created.with_label_values(&[kind.name()]).inc_by(u64::try_from(keys).unwrap_or(u64::MAX));
    }

    /// Keys were released.
    pub fn opened(&self, service: Service, keys: u32) {
        self.opened.with_label_values(&[service.name()]).inc_by(keys.into());
    }

    /// A request was refused.
    pub fn refused(&self, why: Refused) {
        self.refused.with_label_values(&[why.name()]).inc();
    }

    /// A key was destroyed.
    pub fn shredded(&self, kind: Kind) {
        self.shredded.with_label_values(&[kind.name()]).inc();
    }

    /// The newest epoch, and how many have a root.
    pub fn epoch(&self, newest: Epoch, living: usize) {
        self.epoch.set(newest.number);
        self.epoch_ends_at.set(newest.ends_at_us / 1_000_000);
        self.living.set(i64::try_from(living).unwrap_or(i64::MAX));
    }

    /// A tenant could not be moved.
    pub fn turn_failed(&self) {
        self.turn_failures.inc();
    }
}
