//! `mxtr dlq`: dead letters are looked at by people, and said again when the fault is mended.

use crate::cli::Exit;
use crate::state::State;
use bus::KafkaConfig;
use bus::dead_letters::DeadLetter;
use clap::Subcommand;
use kernel::Service;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum What {
    #[command(after_help = "Examples:\n  mxtr dlq list contacts\n  mxtr dlq list contacts --json | jq '.[].reason'")]
    /// Lists a service's dead letters: where they came from and why they are dead, never what they say
    List {
        /// identity, keyring, contacts, consent, rights or audit
        service: Service,
        #[command(flatten)]
        place: Place,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    #[command(after_help = "Example:\n  mxtr dlq show contacts 0 17")]
    /// Shows one dead letter: its headers and its size, never what it says
    Show {
        /// identity, keyring, contacts, consent, rights or audit
        service: Service,
        /// The number before the stroke in the list
        partition: i32,
        /// The number behind the stroke in the list
        offset: i64,
        #[command(flatten)]
        place: Place,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    #[command(after_help = "Example:\n  mxtr dlq redrive contacts 0 17")]
    /// Hands a dead letter to its service once more
    Redrive {
        /// identity, keyring, contacts, consent, rights or audit
        service: Service,
        /// The number before the stroke in the list
        partition: i32,
        /// The number behind the stroke in the list
        offset: i64,
        #[command(flatten)]
        place: Place,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct Place {
    /// The platform's folder; an outside broker is given by --brokers
    #[arg(long, default_value = ".mxtr")]
    folder: PathBuf,
    /// host:port of an outside broker
    #[arg(long)]
    brokers: Option<String>,
    /// What stands before the topics' names
    #[arg(long)]
    topic_prefix: Option<String>,
}

impl Place {
    fn config(self) -> anyhow::Result<KafkaConfig> {
        let (brokers, prefix) = if let Some(brokers) = self.brokers {
            (brokers, String::new())
        } else {
            let state = State::read(&self.folder)?;
            (state.kafka_brokers, state.kafka_topic_prefix)
        };
        Ok(KafkaConfig { brokers, topic_prefix: self.topic_prefix.unwrap_or(prefix), group_prefix: String::new() })
    }
}

/// # Errors
/// The broker is away, or there is no such dead letter.
pub async fn run(what: What) -> anyhow::Result<()> {
    match what {
        What::List { service, place, json } => list(service, &of(service, place).await?, json),
        What::Show { service, partition, offset, place, json } => {
            let letters = of(service, place).await?;
            let letter = letters.iter().find(|letter| letter.partition == partition && letter.offset == offset);
            show(
                service,
                letter.ok_or_else(|| Exit(1, format!("{service} has no such dead letter; `mxtr dlq list {service}` names them")))?,
                json,
            )
        }
        What::Redrive { service, partition, offset, place, json } => {
            bus::dead_letters::redrive(&place.config()?, service, partition, offset).await?;
            if json {
                println!("{}", serde_json::json!({"redriven": {"service": service.name(), "partition": partition, "offset": offset}}));
            } else {
                println!("said again; the service drops it if it had its effect");
            }
            Ok(())
        }
    }
}

async fn of(service: Service, place: Place) -> anyhow::Result<Vec<DeadLetter>> {
    let config = place.config()?;
    Ok(tokio::task::spawn_blocking(move || bus::dead_letters::list(&config, service)).await??)
}

fn list(service: Service, letters: &[DeadLetter], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(letters)?);
    } else if letters.is_empty() {
        println!("{service} has no dead letters");
    } else {
        for letter in letters {
            println!("{}/{}  {}  from {}  {} bytes", letter.partition, letter.offset, letter.reason, letter.from, letter.bytes);
        }
    }
    Ok(())
}

fn show(service: Service, letter: &DeadLetter, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(letter)?);
    } else {
        println!("reason      {}", letter.reason);
        println!("from        {} (topic/partition/offset)", letter.from);
        println!("event type  {}", letter.event_type.as_deref().unwrap_or("none"));
        println!("event id    {}", letter.event_id.as_deref().unwrap_or("none"));
        println!("bytes       {}", letter.bytes);
        println!("say it again when the fault is mended: mxtr dlq redrive {service} {} {}", letter.partition, letter.offset);
    }
    Ok(())
}
