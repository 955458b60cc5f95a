//! API keys.

use super::grant::Terms;
use ipnet::IpNet;
use jiff::ToSpan as _;
use kernel::{PrincipalId, TenantId, Timestamp, micros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest time in which a key and the one that takes its place both work: seven days.
pub const LONGEST_OVERLAP_SECONDS: u32 = 7 * 24 * 60 * 60;

/// A key as it is kept: of its secret only the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: PrincipalId,
    pub tenant: TenantId,
    /// Grows by one with each change.
    pub version: i64,
    pub label: Label,
    pub terms: Terms,
    pub secret_sha256: [u8; 32],
    pub revoked_at: Option<Timestamp>,
    /// The key it was made with; of first keys, none.
    pub created_by: Option<PrincipalId>,
    /// The key that it took the place of.
    pub replaces: Option<PrincipalId>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// What a tenant calls a key: 1 to 40 of a–z, 0–9 and hyphens, so that nobody writes a person's name or address there; or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9-]{1,40}$")]
pub struct Label(String);

/// Text that is no label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a label has 1 to 40 of a to z, 0 to 9 and hyphens")]
pub struct NoLabel;

impl Label {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }
}

impl TryFrom<String> for Label {
    type Error = NoLabel;
    fn try_from(text: String) -> Result<Self, NoLabel> {
        let fits =
            (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        fits.then_some(Self(text)).ok_or(NoLabel)
    }
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    Active,
    /// Its time is over.
    Ended,
    /// Somebody ended it.
    Revoked,
}

/// The key is over; nothing takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key has ended")]
pub struct Over;

impl ApiKey {
    pub fn state(&self, now: Timestamp) -> KeyState {
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if self.terms.expires_at.is_some_and(|at| at <= now) {
            KeyState::Ended
        } else {
            KeyState::Active
        }
    }

    /// Ends it now. Says whether that changed anything.
    pub fn revoke(&mut self, now: Timestamp) -> bool {
        if self.revoked_at.is_some() {
            return false;
        }
        self.revoked_at = Some(now);
        self.changed(now);
        true
    }

    /// Lets it end after an overlap with the key that takes its place; without an overlap, now. Never later than it would have ended anyway.
    ///
    /// # Errors
    /// It is over already.
    pub fn give_way(&mut self, overlap_seconds: u32, now: Timestamp) -> Result<(), Over> {
        if self.state(now) != KeyState::Active {
            return Err(Over);
        }
        if overlap_seconds == 0 {
            self.revoked_at = Some(now);
        } else {
            let end = now.saturating_add(i64::from(overlap_seconds).seconds()).unwrap_or(now);
            self.terms.expires_at = Some(self.terms.expires_at.map_or(end, |at| at.min(end)));
        }
        self.changed(now);
        Ok(())
    }

    fn changed(&mut self, now: Timestamp) {
        self.version += 1;
        self.changed_at = now;
    }
}

impl From<&ApiKey> for events::identity::Principal {
    fn from(key: &ApiKey) -> Self {
        Self {
            principal_id: key.id.as_bytes().to_vec(),
            tenant_id: key.tenant.as_bytes().to_vec(),
            version: key.version,
            secret_sha256: key.secret_sha256.to_vec(),
            roles: vec![key.terms.role.name().to_owned()],
            limit: Some(events::identity::AccessLimit {
                verbs: key.terms.limit.verbs.iter().map(|verb| verb.name().to_owned()).collect(),
                categories: key.terms.limit.categories.iter().map(|category| category.name().to_owned()).collect(),
                purposes: key.terms.limit.purposes.iter().map(|purpose| purpose.name().to_owned()).collect(),
            }),
            networks: key.terms.networks.iter().map(IpNet::to_string).collect(),
            expires_at_us: key.terms.expires_at.map_or(0, micros),
            revoked_at_us: key.revoked_at.map_or(0, micros),
            changed_at_us: micros(key.changed_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use privacy::Role;

    fn key(expires_in: Option<i64>) -> (ApiKey, Timestamp) {
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        let clock = Clock::test(now);
        let terms = Terms { expires_at: expires_in.map(|seconds| now + seconds.seconds()), ..Terms::of_role(Role::SUPPORT) };
        let key = ApiKey {
            id: PrincipalId::new(&clock),
            tenant: TenantId::new(&clock),
            version: 1,
            label: Label::default(),
            terms,
            secret_sha256: [7; 32],
            revoked_at: None,
            created_by: None,
            replaces: None,
            created_at: now,
            changed_at: now,
        };
        (key, now)
    }

    #[test]
    fn a_key_ends_once_and_stays_ended() {
        let (mut key, now) = key(None);
        assert_eq!(key.state(now), KeyState::Active);
        assert!(key.revoke(now));
        assert_eq!((key.state(now), key.version), (KeyState::Revoked, 2));
        assert!(!key.revoke(now + 1.second()));
        assert_eq!((key.revoked_at, key.version), (Some(now), 2));
        assert_eq!(key.give_way(60, now), Err(Over));
    }

    #[test]
    fn a_key_that_gives_way_ends_after_the_overlap_and_never_later_than_before() {
        let (mut open, now) = key(None);
        open.give_way(60, now).unwrap();
        assert_eq!((open.state(now + 59.seconds()), open.state(now + 60.seconds())), (KeyState::Active, KeyState::Ended));
        let (mut short, now) = key(Some(10));
        short.give_way(60, now).unwrap();
        assert_eq!(short.terms.expires_at, Some(now + 10.seconds()));
        let (mut at_once, now) = key(None);
        at_once.give_way(0, now).unwrap();
        assert_eq!(at_once.state(now), KeyState::Revoked);
    }

    #[test]
    fn what_is_told_of_a_key_is_all_that_a_decision_needs_and_no_label() {
        let (mut key, now) = key(Some(5));
        key.label = Label::try_from("warehouse-export".to_owned()).unwrap();
        key.revoke(now);
        let told = events::identity::Principal::from(&key);
        assert_eq!((told.version, told.roles.as_slice()), (2, ["support".to_owned()].as_slice()));
        assert_eq!((told.expires_at_us, told.revoked_at_us), (micros(now + 5.seconds()), micros(now)));
        assert!(!format!("{told:?}").contains("warehouse"));
    }

    #[test]
    fn a_label_cannot_hold_a_name_or_an_address() {
        assert!(Label::try_from("crm-2".to_owned()).is_ok());
        for wrong in ["", "Ada", "ada@example.com", "ada lovelace", "ä", &"a".repeat(41)] {
            assert!(Label::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
