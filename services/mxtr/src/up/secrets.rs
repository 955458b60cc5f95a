//! Secrets of a platform on one machine: files of 0600 below `secrets/`, made once, handed to services by name and never as arguments.

use crate::registry::SERVED;
use crate::state::write_private;
use anyhow::Context as _;
use aws_lc_rs::rand;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kernel::{Clock, PrincipalId, Timestamp};
use seal::evidence::{Kind, Signer};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use web::apikey;

/// How long a service token lives, in seconds; it is written anew well before.
const TOKEN_LIFE: i64 = 3600;

/// The folder of secrets, with what is needed of it here.
#[derive(Clone)]
pub struct Secrets {
    folder: PathBuf,
    pub superuser: String,
}

/// Kinds of evidence and the file of the key that signs them.
const EVIDENCE: [(Kind, &str); 7] = [
    (Kind::Receipt, "consent.receipt"),
    (Kind::Certificate, "rights.certificate"),
    (Kind::Checkpoint, "audit.checkpoint"),
    (Kind::Participant, "contacts.participant"),
    (Kind::Participant, "consent.participant"),
    (Kind::Participant, "keyring.participant"),
    (Kind::Participant, "rights.participant"),
];

impl Secrets {
    /// Makes what is missing.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let secrets = folder.join("secrets");
        fs::create_dir_all(secrets.join("roots"))?;
        for private in [folder.to_owned(), secrets.clone(), secrets.join("roots")] {
            fs::set_permissions(private, Permissions::from_mode(0o700))?;
        }
        // As root, PostgreSQL's data stand elsewhere; nobody else needs to enter here.
        let mut opened = Self { folder: secrets, superuser: String::new() };
        opened.superuser = opened.random("postgres")?;
        for service in SERVED {
            for name in [format!("{service}.database"), format!("{service}.owner"), format!("{service}.cursor")] {
                opened.random(&name)?;
            }
        }
        for name in ["identity.token", "service.token"].into_iter().chain(EVIDENCE.map(|(_, name)| name)) {
            opened.key(name)?;
        }
        opened.publish()?;
        opened.administrator(folder)?;
        Ok(opened)
    }

    /// Where a secret stands.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a secret.
    pub fn text(&self, name: &str) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.path(name)).with_context(|| format!("the secret {name} cannot be read"))?.trim().to_owned())
    }

    /// 32 random bytes in hex.
    fn random(&self, name: &str) -> anyhow::Result<String> {
        self.once(name, || {
            let bytes: [u8; 32] = rand::generate(&rand::SystemRandom::new()).context("the system has no randomness")?.expose();
            Ok(hex::encode(bytes))
        })
    }

    /// An Ed25519 key in PKCS#8, in hex.
    fn key(&self, name: &str) -> anyhow::Result<String> {
        self.once(name, || Ok(hex::encode(Signer::generate_pkcs8())))
    }

    fn once(&self, name: &str, make: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<String> {
        if !self.path(name).exists() {
            write_private(&self.path(name), &make()?)?;
        }
        self.text(name)
    }

    fn signer(&self, kind: Kind, name: &str) -> anyhow::Result<Signer> {
        Ok(Signer::from_pkcs8(kind, &hex::decode(self.text(name)?)?)?)
    }

    /// The public halves: of evidence for everybody, of service tokens for keyring.
    fn publish(&self) -> anyhow::Result<()> {
        let evidence: Vec<Value> =
            EVIDENCE.iter().map(|(kind, name)| Ok(self.signer(*kind, name)?.public_jwk())).collect::<anyhow::Result<_>>()?;
        write_private(&self.path("evidence-keys.json"), &json!({"keys": evidence}).to_string())?;
        let service = self.signer(Kind::Participant, "service.token")?.public_jwk();
        write_private(&self.path("service-keys.json"), &json!({"keys": [service]}).to_string())
    }

    /// The administrator's key: its text in a file for people, its hash in one for identity.
    fn administrator(&self, folder: &Path) -> anyhow::Result<()> {
        let (key, hash) = (folder.join("admin.key"), self.path("admin.hash"));
        if key.exists() && hash.exists() {
            return Ok(());
        }
        let id = PrincipalId::new(&Clock::system());
        let minted = apikey::mint(id);
        write_private(&hash, &json!({"key_id": id, "secret_sha256": hex::encode(minted.secret_sha256)}).to_string())?;
        write_private(&key, minted.text.expose())
    }

    /// Tokens by which services know each other, good for an hour of the platform's clock.
    pub fn mint_service_tokens(&self, now: Timestamp) -> anyhow::Result<()> {
        let pkcs8 = hex::decode(self.text("service.token")?)?;
        let signer = Signer::from_pkcs8(Kind::Participant, &pkcs8)?;
        for service in SERVED {
            let header = Header { kid: Some(signer.kid().to_owned()), ..Header::new(Algorithm::EdDSA) };
            let claims = json!({"iss": "mxtr-services", "sub": service.name(), "aud": "keyring", "exp": now.as_second() + TOKEN_LIFE});
            let token = encode(&header, &claims, &EncodingKey::from_ed_der(&pkcs8))?;
            write_private(&self.path(&format!("{service}.service-token")), &token)?;
        }
        Ok(())
    }
}
