//! Who may hand out which key: a role's limit can be narrowed and never widened, and so can what a caller has.

use ipnet::IpNet;
use kernel::Timestamp;
use privacy::{AccessLimit, CategorySet, PurposeSet, Role, VerbSet};

/// What a key is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub role: Role,
    /// Within the role's.
    pub limit: AccessLimit,
    /// Where it may be used from; nothing means anywhere.
    pub networks: Vec<IpNet>,
    pub expires_at: Option<Timestamp>,
}

/// The key that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub role: Role,
    /// What is left out is as the role has it.
    pub verbs: Option<VerbSet>,
    pub categories: Option<CategorySet>,
    pub purposes: Option<PurposeSet>,
    pub networks: Vec<IpNet>,
    pub expires_at: Option<Timestamp>,
}

/// Who hands out: the caller's key, and what is left of its limit in this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grantor {
    pub terms: Terms,
    /// Key and token taken together.
    pub limit: AccessLimit,
    /// Whether it acts in the platform's own tenant.
    pub house: bool,
}

/// Why a key is not made: where in the request, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request asks for what the role does not have.
    VerbsNotInRole,
    CategoriesNotInRole,
    PurposesNotInRole,
    /// The role is one of the platform's own.
    RoleOfTheHouse,
    /// The caller may not hand out this role with this limit.
    NotYours,
    /// The caller's own key works in some networks only.
    NetworksNotYours,
    /// The caller's own key ends.
    EndsAfterYours,
    /// It would have ended before it began.
    EndsInThePast,
}

impl Terms {
    /// All that a role allows, from anywhere, without an end.
    pub fn of_role(role: Role) -> Self {
        Self { role, limit: role.limit(), networks: Vec::new(), expires_at: None }
    }
}

impl Wish {
    /// The limit that is asked for.
    fn limit(&self) -> AccessLimit {
        let role = self.role.limit();
        AccessLimit {
            verbs: self.verbs.unwrap_or(role.verbs),
            categories: self.categories.unwrap_or(role.categories),
            purposes: self.purposes.unwrap_or(role.purposes),
        }
    }

    /// What the request asks for beyond the role.
    fn widens(&self) -> Vec<Fault> {
        let (role, asked) = (self.role.limit(), self.limit());
        let faults = [
            (role.verbs.covers(asked.verbs), Fault::VerbsNotInRole),
            (role.categories.covers(asked.categories), Fault::CategoriesNotInRole),
            (role.purposes.covers(asked.purposes), Fault::PurposesNotInRole),
        ];
        faults.into_iter().filter_map(|(within, fault)| (!within).then_some(fault)).collect()
    }
}

impl Grantor {
    /// The terms of the key that is asked for.
    ///
    /// # Errors
    /// Every fault of the request.
    pub fn grant(&self, wish: &Wish, now: Timestamp) -> Result<Terms, Vec<Fault>> {
        let limit = wish.role.limit().narrow(&wish.limit());
        let terms = Terms { role: wish.role, limit, networks: wish.networks.clone(), expires_at: wish.expires_at };
        let mut faults = wish.widens();
        faults.extend(self.refuses(&terms));
        if terms.expires_at.is_some_and(|at| at <= now) {
            faults.push(Fault::EndsInThePast);
        }
        if faults.is_empty() { Ok(terms) } else { Err(faults) }
    }

    /// Why these terms may not be handed out by this caller; nothing where they may.
    pub fn refuses(&self, terms: &Terms) -> Vec<Fault> {
        let mut faults = Vec::new();
        if terms.role == Role::HOUSE_ADMIN && !self.house {
            faults.push(Fault::RoleOfTheHouse);
        } else if !(self.administers(terms.role) || terms.role == self.terms.role && self.limit.covers(&terms.limit)) {
            faults.push(Fault::NotYours);
        }
        if !within(&self.terms.networks, &terms.networks) {
            faults.push(Fault::NetworksNotYours);
        }
        if self.terms.expires_at.is_some_and(|own| terms.expires_at.is_none_or(|asked| asked > own)) {
            faults.push(Fault::EndsAfterYours);
        }
        faults
    }

    /// Whether it hands out this role whole, also what it may not read itself. Who was narrowed hands on no more than what is left.
    fn administers(&self, role: Role) -> bool {
        let whole = self.limit.covers(&self.terms.role.limit());
        whole
            && match self.terms.role {
                Role::HOUSE_ADMIN | Role::OWNER => role != Role::HOUSE_ADMIN || self.terms.role == Role::HOUSE_ADMIN,
                Role::ADMIN => role != Role::OWNER && role != Role::HOUSE_ADMIN,
                _ => false,
            }
    }
}

/// Whether everywhere the second may be used from, the first may be too.
fn within(own: &[IpNet], asked: &[IpNet]) -> bool {
    own.is_empty() || !asked.is_empty() && asked.iter().all(|asked| own.iter().any(|own| own.contains(asked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan as _;
    use privacy::{Category, Purpose, Verb};
    use proptest::prelude::*;

    const TENANT_ROLES: [Role; 6] = [Role::OWNER, Role::ADMIN, Role::MARKETER, Role::SUPPORT, Role::AUDITOR, Role::DEVELOPER];

    fn now() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn grantor(role: Role) -> Grantor {
        Grantor { terms: Terms::of_role(role), limit: role.limit(), house: role == Role::HOUSE_ADMIN }
    }

    fn wish(role: Role) -> Wish {
        Wish { role, verbs: None, categories: None, purposes: None, networks: Vec::new(), expires_at: None }
    }

    /// Who hands out which role whole: rows hand out, columns are handed out.
    #[test]
    fn the_table_of_who_hands_out_which_role() {
        for asked in TENANT_ROLES {
            assert!(grantor(Role::OWNER).grant(&wish(asked), now()).is_ok(), "owner → {asked}");
            assert!(grantor(Role::HOUSE_ADMIN).grant(&wish(asked), now()).is_ok(), "house_admin → {asked}");
            assert_eq!(grantor(Role::ADMIN).grant(&wish(asked), now()).is_ok(), asked != Role::OWNER, "admin → {asked}");
            for other in [Role::MARKETER, Role::SUPPORT, Role::AUDITOR, Role::DEVELOPER] {
                assert_eq!(grantor(other).grant(&wish(asked), now()).is_ok(), other == asked, "{other} → {asked}");
            }
            assert_eq!(
                grantor(asked).grant(&wish(Role::HOUSE_ADMIN), now()).unwrap_err(),
                [Fault::RoleOfTheHouse],
                "{asked} → house_admin"
            );
        }
        assert!(grantor(Role::HOUSE_ADMIN).grant(&wish(Role::HOUSE_ADMIN), now()).is_ok());
    }

    #[test]
    fn an_owner_in_the_house_does_not_become_its_administrator() {
        let owner = Grantor { house: true, ..grantor(Role::OWNER) };
        assert_eq!(owner.grant(&wish(Role::HOUSE_ADMIN), now()).unwrap_err(), [Fault::NotYours]);
    }

    #[test]
    fn an_administrator_hands_out_what_it_may_not_read_itself() {
        let terms = grantor(Role::ADMIN).grant(&wish(Role::SUPPORT), now()).unwrap();
        assert!(terms.limit.categories.contains(Category::Personal) && !Role::ADMIN.limit().categories.contains(Category::Personal));
    }

    #[test]
    fn an_administrator_who_was_narrowed_hands_on_no_more_than_is_left() {
        let left = AccessLimit { purposes: PurposeSet::of(&[Purpose::ADMIN]), ..Role::OWNER.limit() };
        let narrowed = Grantor { limit: left, ..grantor(Role::OWNER) };
        assert_eq!(narrowed.grant(&wish(Role::SUPPORT), now()).unwrap_err(), [Fault::NotYours]);
        assert_eq!(narrowed.grant(&wish(Role::OWNER), now()).unwrap_err(), [Fault::NotYours]);
        let own = Wish { purposes: Some(PurposeSet::of(&[Purpose::ADMIN])), ..wish(Role::OWNER) };
        assert!(narrowed.grant(&own, now()).is_ok());
    }

    #[test]
    fn each_part_that_widens_is_named() {
        let asked = Wish {
            verbs: Some(VerbSet::of(&[Verb::Read, Verb::Erase])),
            categories: Some(CategorySet::of(&[Category::Billing])),
            purposes: Some(PurposeSet::of(&[Purpose::DIRECT_MARKETING])),
            expires_at: Some(now()),
            ..wish(Role::SUPPORT)
        };
        let faults = [Fault::VerbsNotInRole, Fault::CategoriesNotInRole, Fault::PurposesNotInRole, Fault::EndsInThePast];
        assert_eq!(grantor(Role::OWNER).grant(&asked, now()).unwrap_err(), faults);
    }

    #[test]
    fn a_key_bound_to_networks_or_a_time_makes_no_freer_one() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let end = now() + 1.hour();
        let mut bound = grantor(Role::OWNER);
        bound.terms.networks = vec![net("10.0.0.0/8"), net("2001:db8::/32")];
        bound.terms.expires_at = Some(end);
        assert_eq!(bound.grant(&wish(Role::SUPPORT), now()).unwrap_err(), [Fault::NetworksNotYours, Fault::EndsAfterYours]);
        let asked = |networks: &[&str], expires_at| Wish {
            networks: networks.iter().map(|text| net(text)).collect(),
            expires_at: Some(expires_at),
            ..wish(Role::SUPPORT)
        };
        assert!(bound.grant(&asked(&["10.1.0.0/16", "2001:db8:1::/48"], end), now()).is_ok());
        assert_eq!(bound.grant(&asked(&["10.1.0.0/16", "192.168.0.0/16"], end), now()).unwrap_err(), [Fault::NetworksNotYours]);
        assert_eq!(bound.grant(&asked(&["10.1.0.0/16"], end + 1.second()), now()).unwrap_err(), [Fault::EndsAfterYours]);
    }

    fn limits() -> impl Strategy<Value = AccessLimit> {
        (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(verbs, categories, purposes)| AccessLimit {
            verbs: Verb::ALL.into_iter().filter(|verb| verbs & verb.bit() != 0).collect(),
            categories: Category::ALL.into_iter().filter(|category| categories & category.bit() != 0).collect(),
            purposes: Purpose::ALL.into_iter().filter(|purpose| purposes & purpose.bit() != 0).collect(),
        })
    }

    proptest! {
        #[test]
        fn whatever_is_granted_is_within_the_role_and_within_what_was_asked(role in 0..6_usize, by in 0..6_usize, left in limits(), asked in limits()) {
            let (role, by) = (TENANT_ROLES[role], TENANT_ROLES[by]);
            let limit = by.limit().narrow(&left);
            let grantor = Grantor { limit: limit.clone(), ..grantor(by) };
            let wish = Wish { verbs: Some(asked.verbs), categories: Some(asked.categories), purposes: Some(asked.purposes), ..wish(role) };
            if let Ok(terms) = grantor.grant(&wish, now()) {
                prop_assert!(role.limit().covers(&terms.limit));
                prop_assert_eq!(&terms.limit, &asked);
                prop_assert!(limit.covers(&terms.limit) || limit == by.limit());
            }
        }

        #[test]
        fn who_was_narrowed_never_gains_by_making_a_key(role in 0..6_usize, by in 0..6_usize, left in limits()) {
            let by = TENANT_ROLES[by];
            let limit = by.limit().narrow(&left);
            prop_assume!(limit != by.limit());
            let narrowed = Grantor { limit: limit.clone(), ..grantor(by) };
            if let Ok(terms) = narrowed.grant(&wish(TENANT_ROLES[role]), now()) {
                prop_assert!(limit.covers(&terms.limit));
            }
        }
    }
}
