//! Signs the head of the log whenever it has grown.

use crate::domain::checkpoint::Checkpoint;
use crate::store::{checkpoints, tree};
use db::{Db, DbError, TenantTx};
use events::{Outgoing, topics};
use kernel::{TenantId, micros};
use seal::evidence::Signer;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is something to sign.
const EVERY: Duration = Duration::from_secs(1);

/// The log's name and its key.
pub struct Notary {
    pub db: Db,
    pub signer: Signer,
    pub origin: String,
}

impl Notary {
    /// Signs until it is told to stop. Several processes may: the first signature of a size stays.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(cause) = self.sign().await {
                tracing::warn!(%cause, "the head of the log could not be signed yet");
            }
        }
        Ok(())
    }

    async fn sign(&self) -> Result<(), DbError> {
        self.db
            .tx(TenantId::HOUSE, "audit.sign", async |tx: &mut TenantTx| {
                let edge = tree::edge(tx.conn()).await?;
                let signed = checkpoints::newest(tx.conn()).await?.map_or(0, |(size, _)| size);
                if edge.size() <= signed {
                    return Ok(());
                }
                let checkpoint = Checkpoint { origin: self.origin.clone(), size: edge.size(), root: edge.root() };
                let note = checkpoint.note(&self.signer.public_key(), |text| self.signer.sign_bytes(text));
                let now = tx.clock().now();
                checkpoints::insert(tx.conn(), &checkpoint, &note, now).await?;
                let event = events::audit::Checkpoint {
                    note,
                    size: i64::try_from(checkpoint.size).unwrap_or(i64::MAX),
                    root: checkpoint.root.to_vec(),
                    signed_at_us: micros(now),
                };
                let event = Outgoing::new(&topics::CHECKPOINTS, self.origin.as_bytes(), TenantId::HOUSE, tx.clock(), &event);
                tx.publish(event);
                Ok(())
            })
            .await
    }
}
