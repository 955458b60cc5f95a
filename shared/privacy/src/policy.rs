//! The policy in force: tables that the build made of `policy/`.

use serde::Serialize;

use crate::{AccessLimit, Basis, Category, CategorySet, Purpose, PurposeSet, RecordRole, Role, Source, Verb, VerbSet};

include!(concat!(env!("OUT_DIR"), "/policy.rs"));

/// The policy in force.
pub fn bundle() -> &'static Bundle {
    &BUNDLE
}

/// A version of the policy: its text, its registers and its matrix.
#[derive(Debug, Serialize)]
pub struct Bundle {
    /// Year and month, such as `2026-01`.
    pub version: &'static str,
    /// What the document is called.
    pub title: &'static str,
    /// First day in force, `YYYY-MM-DD`.
    pub effective_from: &'static str,
    /// The text that people read (Markdown).
    #[serde(skip)]
    pub text: &'static str,
    /// The sections of the text, in order.
    pub sections: &'static [Section],
    /// Where data may come from.
    pub sources: &'static [SourceRecord],
    /// What kinds of data there are.
    pub categories: &'static [CategoryRecord],
    /// The services that a client can choose.
    pub services: &'static [ClientService],
    /// What data may be used for.
    pub purposes: &'static [PurposeRecord],
    /// How long data is kept.
    pub retention: &'static [Retention],
    /// Why something is kept in spite of a request.
    pub holds: &'static [HoldRecord],
    /// Who may do what.
    pub roles: &'static [RoleRecord],
}

impl Bundle {
    /// The retention rule of that name.
    pub fn retention(&self, name: &str) -> Option<&'static Retention> {
        self.retention.iter().find(|rule| rule.name == name)
    }

    /// After how many days that rule ends something; practically never where it names none.
    pub fn days(&self, rule: &str) -> i64 {
        self.retention(rule).and_then(|rule| rule.days).map_or(i64::from(u16::MAX), i64::from)
    }

    /// The client service of that name.
    pub fn service(&self, name: &str) -> Option<&'static ClientService> {
        self.services.iter().find(|service| service.name == name)
    }
}

/// A section of the policy's text.
#[derive(Debug, Serialize)]
pub struct Section {
    /// The id that other tables and people link to.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
}

/// What the policy says of a source.
#[derive(Debug, Serialize)]
pub struct SourceRecord {
    /// Which.
    pub source: Source,
    /// In words.
    pub says: &'static str,
    /// The section it stands in.
    pub section: &'static str,
}

/// What the policy says of a category.
#[derive(Debug, Serialize)]
pub struct CategoryRecord {
    /// Which.
    pub category: Category,
    /// In words.
    pub says: &'static str,
    /// Where such data may come from.
    pub sources: &'static [Source],
    /// In which roles we may hold it.
    pub roles: &'static [RecordRole],
    /// The section it stands in.
    pub section: &'static str,
}

/// A service that a client can choose for its contacts.
#[derive(Debug, Serialize)]
pub struct ClientService {
    /// Its name; the purpose is `client_service:<name>`.
    pub name: &'static str,
    /// `email` or `sms`.
    pub channel: &'static str,
    /// In words.
    pub says: &'static str,
}

/// An entry of the register of purposes.
#[derive(Debug, Serialize)]
pub struct PurposeRecord {
    /// Its id.
    pub id: &'static str,
    /// In words.
    pub says: &'static str,
    /// Its one legal basis.
    pub basis: Basis,
    /// Whether an objection stops it (GDPR Article 21).
    pub objectable: bool,
    /// Whether it reaches records that we hold for a client.
    pub processor_records: bool,
    /// The section it stands in.
    pub section: &'static str,
    /// The client service it belongs to.
    pub client_service: Option<&'static str>,
    /// The law, where the basis is a legal obligation.
    pub citation: Option<&'static str>,
    /// The weighing, where the basis is a legitimate interest.
    pub assessment: Option<Assessment>,
}

/// Why a legitimate interest outweighs (GDPR Article 6(1)(f)).
#[derive(Debug, Serialize)]
pub struct Assessment {
    /// What is wanted.
    pub interest: &'static str,
    /// Why it needs this data.
    pub necessity: &'static str,
    /// Why it does not outweigh people's interests.
    pub balance: &'static str,
    /// When it was last looked at, `YYYY-MM-DD`.
    pub reviewed_at: &'static str,
}

/// A named rule of how long something is kept.
#[derive(Debug, Serialize)]
pub struct Retention {
    /// Its name in `#[data(retention = "…")]`.
    pub name: &'static str,
    /// Days after what the text says; `None`: until what the text says happens.
    pub days: Option<u32>,
    /// In words.
    pub text: &'static str,
}

/// A ground on which something is kept in spite of a request.
#[derive(Debug, Serialize)]
pub struct HoldRecord {
    /// Its name in `held-for:<name>`.
    pub name: &'static str,
    /// In words.
    pub text: &'static str,
    /// The law.
    pub citation: &'static str,
    /// The categories it can reach.
    pub categories: CategorySet,
    /// The longest it can last, in days; `None`: until what the text says happens.
    pub days: Option<u32>,
}

/// A row of the role matrix.
#[derive(Debug, Serialize)]
pub struct RoleRecord {
    /// Its name.
    pub name: &'static str,
    /// In words.
    pub says: &'static str,
    /// The most it allows.
    pub limit: AccessLimit,
}

/// A ground of the policy's closed list on which something is kept in spite of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hold(u8);

impl Hold {
    /// Its entry in the list.
    pub fn record(self) -> &'static HoldRecord {
        &bundle().holds[usize::from(self.0)]
    }

    /// Its name, such as `tax_record`.
    pub fn name(self) -> &'static str {
        self.record().name
    }
}

text_form!(Hold, UnknownHold, "not a ground of the policy for keeping data");
