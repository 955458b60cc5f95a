//! A keyring to try things on: a database of its own, a folder of roots, a clock that is held.

use bus::KafkaConfig;
use db::{Db, TenantTx};
use diesel::sql_types::{BigInt, Binary, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl;
use kernel::{Clock, Service, TenantId, Timestamp};
use keyring::domain::holder::{Kind, Known};
use keyring::error::Error;
use keyring::metrics::Metrics;
use keyring::ops::{Store, Terms, Turned};
use runtime::Runtime;
use seal::evidence::{self, Signer};
use seal::{FileKeyWrapper, SubjectKey};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Length of an epoch in the tests.
pub const DAY: i64 = 86_400;

/// What tests cause on their way to what they try; beside each, where it is looked at. Anything else is looked at by the test that causes it.
const ON_THE_WAY: [&str; 3] = [
    "keyring.shredded Shredded", // events
    "keyring.shredded",          // events
    "keyring.root_destroyed",    // turn
];

/// A database, roots and a clock, on which any number of keyring processes may be started.
pub struct Platform {
    pub clock: Clock,
    pub roots: tempfile::TempDir,
    database: testkit::Database,
}

/// One keyring process.
pub struct Process {
    pub store: Arc<Store>,
    pub db: Db,
    /// The public key of its receipts.
    pub receipts: serde_json::Value,
    pub database: testkit::Database,
}

pub fn tenant(number: u128) -> TenantId {
    TenantId::from(Uuid::from_u128(number))
}

pub fn people(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::new_v4()).collect()
}

impl Platform {
    pub async fn start() -> Self {
        let start: Timestamp = "2026-03-01T10:00:00Z".parse().expect("this is a time");
        Self {
            clock: Clock::test(start),
            roots: tempfile::tempdir().expect("a folder can be made"),
            database: testkit::database(Service::Keyring, keyring::MIGRATIONS).await.looked_at_elsewhere(&ON_THE_WAY),
        }
    }

    /// A process whose epoch is turned to the clock.
    pub async fn process(&self) -> Process {
        let process = self.process_before_its_first_turn().await;
        process.turn().await;
        process
    }

    pub async fn process_before_its_first_turn(&self) -> Process {
        self.process_with_roots(self.roots.path()).await
    }

    pub async fn process_with_roots(&self, roots: &Path) -> Process {
        let runtime = Runtime::new(Service::Keyring, self.clock.clone());
        let db = self.database.connect(&runtime).await;
        let roots = Arc::new(FileKeyWrapper::open(roots).expect("the folder is there"));
        let terms = Terms { epoch_seconds: NonZeroU32::new(86_400).expect("a day is not zero"), deletion_window_seconds: 0 };
        let metrics = Arc::new(Metrics::new(runtime.metrics()).expect("no figure is registered twice"));
        let receipts = Signer::from_pkcs8(evidence::Kind::Participant, &Signer::generate_pkcs8()).expect("this is a key");
        let published = receipts.public_jwk();
        Process {
            store: Arc::new(Store::new(db.clone(), roots, terms, metrics, Some(receipts))),
            db,
            receipts: published,
            database: self.database.clone(),
        }
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        let later = kernel::micros(self.clock.now()) + seconds * 1_000_000;
        self.clock.advance_to(kernel::from_micros(later).expect("the near future is a time")).expect("time passes forwards");
    }

    /// Settings of a served keyring on this platform, as the environment would give them.
    pub fn config(&self, kafka: &KafkaConfig, keys_file: &Path, burst: u32, per_second: u32) -> keyring::Config {
        let settings = [
            ("LISTEN", "127.0.0.1:0".to_owned()),
            ("HEALTH_LISTEN", "127.0.0.1:0".to_owned()),
            ("KEYRING_INTERNAL_LISTEN", "127.0.0.1:0".to_owned()),
            ("KEYRING_DATABASE_URL", self.database.url.clone()),
            ("KAFKA_BROKERS", kafka.brokers.clone()),
            ("KAFKA_TOPIC_PREFIX", kafka.topic_prefix.clone()),
            ("ISSUER", "http://127.0.0.1".to_owned()),
            ("JWKS_URL", "http://127.0.0.1/jwks".to_owned()),
            ("KEYS_URL", "http://127.0.0.1".to_owned()),
            ("SERVICE_TOKEN_FILE", "/nowhere".to_owned()),
            ("CURSOR_KEY", "00".repeat(32)),
            ("KEYRING_ROOTS_DIR", self.roots.path().display().to_string()),
            ("KEYRING_SERVICE_TOKEN_KEYS_FILE", keys_file.display().to_string()),
            ("KEYRING_EVIDENCE_KEY", hex::encode(Signer::generate_pkcs8())),
            ("KEYRING_BUDGET_BURST", burst.to_string()),
            ("KEYRING_BUDGET_PER_SECOND", per_second.to_string()),
        ];
        let environment: runtime::Environment = settings.into_iter().map(|(name, value)| (format!("MXTR_{name}"), value)).collect();
        runtime::load(Service::Keyring, &environment).expect("the settings are complete")
    }

    pub fn now_us(&self) -> i64 {
        kernel::micros(self.clock.now())
    }
}

impl Process {
    pub async fn turn(&self) {
        let turned = self.store.turn().await.expect("the epoch turns");
        assert!(matches!(turned, Turned::Settled(_)), "nobody else turns it");
    }

    pub async fn create(&self, tenant: TenantId, ids: &[Uuid]) -> Vec<Known<SubjectKey>> {
        self.store.create(tenant, Kind::Subject, ids).await.expect("keys are made")
    }

    pub async fn release(&self, tenant: TenantId, ids: &[Uuid]) -> Vec<Known<SubjectKey>> {
        self.store.release(tenant, Kind::Subject, ids).await.expect("keys are released")
    }

    pub async fn shred(&self, tenant: TenantId, holder: Uuid) -> keyring::ops::Erasure {
        self.store.record(tenant, Kind::Subject, holder, Some(Uuid::from_u128(77))).await.expect("the ledger takes it");
        self.store.finish(tenant, holder, &|_, _| ()).await.expect("the key is destroyed")
    }

    /// What was published of a tenant since one looked last.
    pub async fn published(&self, tenant: TenantId) -> Vec<String> {
        self.database.published(tenant).await
    }

    /// Puts these wrapped keys into a tenant's buckets.
    pub async fn write_buckets(&self, tenant: TenantId, keys: Vec<(Uuid, Vec<u8>)>) {
        for (id, wrapped) in keys {
            let write = async |tx: &mut TenantTx| {
                let update = sql_query("UPDATE keyring.buckets SET wrapped = $2 WHERE bucket_id = $1")
                    .bind::<SqlUuid, _>(id)
                    .bind::<Binary, _>(&wrapped);
                Ok::<_, Error>(update.execute(tx.conn()).await?)
            };
            self.db.tx(tenant, "test.write", write).await.expect("a bucket can be written");
        }
    }

    /// The rows of a query about a tenant, as that tenant sees them.
    pub async fn count(&self, tenant: TenantId, query: &'static str) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let rows: Vec<Count> = self
            .db
            .tx(tenant, "test.count", async |tx: &mut TenantTx| Ok::<_, Error>(sql_query(query).load(tx.conn()).await?))
            .await
            .expect("the query is right");
        rows.into_iter().next().expect("count(*) has a row").count
    }
}

/// The key itself, where there is one, so that keys can be compared.
pub fn bare(known: &[Known<SubjectKey>]) -> Vec<Known<[u8; 32]>> {
    known.iter().map(|known| known.clone().map(|key| *key.key().as_bytes())).collect()
}

/// Everything that a copy of a tenant's tables holds.
#[derive(Clone, Default)]
pub struct Copy {
    pub epochs: Vec<(i64, Vec<u8>)>,
    pub buckets: Vec<(Uuid, Vec<u8>)>,
    pub holders: Vec<(Uuid, Uuid, Vec<u8>)>,
}

#[derive(QueryableByName)]
struct EpochRow {
    #[diesel(sql_type = BigInt)]
    epoch: i64,
    #[diesel(sql_type = Binary)]
    wrapped: Vec<u8>,
}

#[derive(QueryableByName)]
struct BucketRow {
    #[diesel(sql_type = SqlUuid)]
    bucket_id: Uuid,
    #[diesel(sql_type = Binary)]
    wrapped: Vec<u8>,
}

#[derive(QueryableByName)]
struct HolderRow {
    #[diesel(sql_type = SqlUuid)]
    holder_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    bucket_id: Uuid,
    #[diesel(sql_type = Binary)]
    wrapped: Vec<u8>,
}

impl Copy {
    /// What a backup made now would hold of the tenant.
    pub async fn of(process: &Process, tenant: TenantId) -> Self {
        let read = async |tx: &mut TenantTx| {
            let epochs: Vec<EpochRow> = sql_query("SELECT epoch, wrapped FROM keyring.tenant_epochs").load(tx.conn()).await?;
            let buckets: Vec<BucketRow> = sql_query("SELECT bucket_id, wrapped FROM keyring.buckets").load(tx.conn()).await?;
            let holders: Vec<HolderRow> = sql_query("SELECT holder_id, bucket_id, wrapped FROM keyring.holders").load(tx.conn()).await?;
            Ok::<_, Error>((epochs, buckets, holders))
        };
        let (epochs, buckets, holders) = process.db.tx(tenant, "test.copy", read).await.expect("the tables can be read");
        Self {
            epochs: epochs.into_iter().map(|row| (row.epoch, row.wrapped)).collect(),
            buckets: buckets.into_iter().map(|row| (row.bucket_id, row.wrapped)).collect(),
            holders: holders.into_iter().map(|row| (row.holder_id, row.bucket_id, row.wrapped)).collect(),
        }
    }

    /// Two copies together.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            epochs: [self.epochs.clone(), other.epochs.clone()].concat(),
            buckets: [self.buckets.clone(), other.buckets.clone()].concat(),
            holders: [self.holders.clone(), other.holders.clone()].concat(),
        }
    }
}

/// A folder with the same files.
pub fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a folder can be made");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a file can be copied");
    }
    copy
}
