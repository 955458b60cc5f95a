//! Who may ask keyring for what: one table, and a question to it. What is not in the table is refused.

use super::holder::Kind;
use kernel::Service;
use privacy::{Purpose, Verb};

/// What a service asks keyring to do with holders' keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Make keys that are not there yet, and release them.
    Create,
    /// Release keys that are there.
    Release,
    /// Destroy a key for ever. Purpose and verb play no part.
    Destroy,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 3] = [Action::Create, Action::Release, Action::Destroy];
}

/// A line of the table: this service may do these things with these subkeys of this kind of holder, for these purposes and verbs.
pub struct Rule {
    /// The service, as its token says.
    pub service: Service,
    /// Whose keys.
    pub kind: Kind,
    /// What may be done.
    pub actions: &'static [Action],
    /// Categories, "package", "audit".
    pub subkeys: &'static [&'static str],
    /// Purposes by name.
    pub purposes: Purposes,
    /// Verbs of the caller on whose behalf the service asks.
    pub verbs: &'static [Verb],
}

/// Which purposes a rule is for.
pub enum Purposes {
    /// Every registered purpose: the service itself decides per record (`privacy::decide`) which of them reach it.
    Registered,
    /// These alone, by name.
    Only(&'static [&'static str]),
}

/// A question to the table.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who asks.
    pub service: Service,
    /// To do what.
    pub action: Action,
    /// With whose keys.
    pub kind: Kind,
    /// For which purpose, by name.
    pub purpose: &'a str,
    /// With which verb, by name.
    pub verb: &'a str,
}

/// What a contact is made of: the categories of architecture's list that `contacts` stores.
const CONTACT: &[&str] = &["personal", "business", "imported", "preferences", "public"];
const RIGHTS_WORK: Purposes = Purposes::Only(&["legal_obligation", "operate"]);

/// The table.
pub const RULES: &[Rule] = &[
    Rule {
        service: Service::Contacts,
        kind: Kind::Subject,
        actions: &[Action::Create],
        subkeys: CONTACT,
        purposes: Purposes::Registered,
        verbs: &[Verb::Write, Verb::Import],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Subject,
        actions: &[Action::Create],
        subkeys: &["audit"],
        purposes: Purposes::Registered,
        verbs: &[Verb::Write, Verb::Import],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: CONTACT,
        purposes: Purposes::Registered,
        verbs: &[Verb::Read, Verb::Write, Verb::Import, Verb::Export, Verb::Erase],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["audit"],
        purposes: Purposes::Registered,
        verbs: &[Verb::Read, Verb::Write, Verb::Import, Verb::Export, Verb::Erase],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["package"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Export],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Import,
        actions: &[Action::Create, Action::Release],
        subkeys: CONTACT,
        purposes: Purposes::Only(&["operate"]),
        verbs: &[Verb::Read, Verb::Write, Verb::Import, Verb::Export],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Import,
        actions: &[Action::Destroy],
        subkeys: &[],
        purposes: Purposes::Registered,
        verbs: &[],
    },
    Rule {
        service: Service::Contacts,
        kind: Kind::Case,
        actions: &[Action::Release],
        subkeys: &["personal"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Export, Verb::Erase],
    },
    Rule {
        service: Service::Consent,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["preferences", "audit"],
        purposes: Purposes::Registered,
        verbs: &[Verb::Read, Verb::Write, Verb::Export],
    },
    Rule {
        service: Service::Consent,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["package"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Export],
    },
    Rule {
        service: Service::Rights,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["package", "audit"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Write, Verb::Export, Verb::Erase],
    },
    Rule {
        service: Service::Rights,
        kind: Kind::Case,
        actions: &[Action::Create, Action::Release],
        subkeys: &["personal", "audit"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Write, Verb::Export, Verb::Erase],
    },
    Rule {
        service: Service::Rights,
        kind: Kind::Case,
        actions: &[Action::Destroy],
        subkeys: &[],
        purposes: Purposes::Registered,
        verbs: &[],
    },
    Rule {
        service: Service::Audit,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["package"],
        purposes: RIGHTS_WORK,
        verbs: &[Verb::Read, Verb::Export],
    },
    Rule {
        service: Service::Audit,
        kind: Kind::Subject,
        actions: &[Action::Release],
        subkeys: &["audit"],
        purposes: Purposes::Only(&["audit", "legal_obligation"]),
        verbs: &[Verb::Read, Verb::Export],
    },
];

/// The services that hold blind indexes, and their fields; "suppression" is the index of those who must not come back.
pub const INDEXES: &[(Service, &[&str])] = &[(Service::Contacts, &["email", "telephone", "external_id", "suppression"])];

/// Whether every one of the subkeys may be had. Asking for none is asking for the action itself.
pub fn allows(ask: &Ask<'_>, subkeys: &[String]) -> bool {
    let lines: Vec<&Rule> = RULES.iter().filter(|rule| rule.covers(ask)).collect();
    !lines.is_empty() && subkeys.iter().all(|subkey| lines.iter().any(|rule| rule.subkeys.contains(&subkey.as_str())))
}

/// Whether this service may have this tenant-wide index key.
pub fn allows_index(service: Service, field: &str) -> bool {
    INDEXES.iter().any(|(owner, fields)| *owner == service && fields.contains(&field))
}

impl Rule {
    fn covers(&self, ask: &Ask<'_>) -> bool {
        self.service == ask.service
            && self.kind == ask.kind
            && self.actions.contains(&ask.action)
            && (ask.action == Action::Destroy
                || (self.purposes.contain(ask.purpose) && self.verbs.iter().any(|verb| verb.name() == ask.verb)))
    }
}

impl Purposes {
    fn contain(&self, name: &str) -> bool {
        match self {
            Self::Registered => name.parse::<Purpose>().is_ok(),
            Self::Only(names) => names.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use privacy::Category;
    use std::collections::BTreeSet;

    /// Every subkey there is: the categories and the two names.
    fn subkeys() -> impl Iterator<Item = &'static str> {
        Category::ALL.iter().map(|category| category.name()).chain(["package", "audit"])
    }

    fn asks(service: Service, action: Action, kind: Kind) -> impl Iterator<Item = Ask<'static>> {
        Purpose::ALL.iter().flat_map(move |purpose| {
            Verb::ALL.iter().map(move |verb| Ask { service, action, kind, purpose: purpose.name(), verb: verb.name() })
        })
    }

    /// "service kind action: the subkeys it may have for at least one purpose and verb".
    fn lines() -> Vec<String> {
        let mut lines = Vec::new();
        for service in Service::ALL {
            for kind in Kind::ALL {
                for action in Action::ALL {
                    let allowed: BTreeSet<&str> =
                        subkeys().filter(|subkey| asks(service, action, kind).any(|ask| allows(&ask, &[(*subkey).to_owned()]))).collect();
                    if asks(service, action, kind).any(|ask| allows(&ask, &[])) {
                        let allowed: Vec<&str> = allowed.into_iter().collect();
                        lines.push(format!("{service} {} {action:?}: {}", kind.name(), allowed.join(" ")).trim_end().to_owned());
                    }
                }
            }
        }
        lines
    }

    #[test]
    fn these_subkeys_and_no_others_are_to_be_had() {
        assert_eq!(
            lines(),
            [
                "contacts subject Create: audit business imported personal preferences public",
                "contacts subject Release: audit business imported package personal preferences public",
                "contacts import Create: business imported personal preferences public",
                "contacts import Release: business imported personal preferences public",
                "contacts import Destroy:",
                "contacts case Release: personal",
                "consent subject Release: audit package preferences",
                "rights subject Release: audit package",
                "rights case Create: audit personal",
                "rights case Release: audit personal",
                "rights case Destroy:",
                "audit subject Release: audit package",
            ]
        );
    }

    #[test]
    fn nobody_destroys_a_person_by_asking() {
        for service in Service::ALL {
            assert!(asks(service, Action::Destroy, Kind::Subject).all(|ask| !allows(&ask, &[])));
        }
    }

    #[test]
    fn a_package_is_opened_for_rights_work_alone() {
        for service in Service::ALL {
            for ask in asks(service, Action::Release, Kind::Subject) {
                if allows(&ask, &["package".to_owned()]) {
                    assert!(["legal_obligation", "operate"].contains(&ask.purpose), "{ask:?}");
                }
            }
        }
    }

    #[test]
    fn one_subkey_too_many_refuses_them_all() {
        let ask = Ask { service: Service::Consent, action: Action::Release, kind: Kind::Subject, purpose: "operate", verb: "read" };
        assert!(allows(&ask, &["preferences".to_owned(), "audit".to_owned()]));
        assert!(!allows(&ask, &["preferences".to_owned(), "personal".to_owned()]));
    }

    #[test]
    fn words_that_nobody_registered_are_refused() {
        let ask = Ask { service: Service::Contacts, action: Action::Release, kind: Kind::Subject, purpose: "operate", verb: "read" };
        let personal = ["personal".to_owned()];
        assert!(allows(&ask, &personal));
        for wrong in [Ask { purpose: "other", ..ask }, Ask { purpose: "", ..ask }, Ask { verb: "peek", ..ask }, Ask { verb: "", ..ask }] {
            assert!(!allows(&wrong, &personal), "{wrong:?}");
        }
        for subkey in ["", "Personal", "personal ", "root"] {
            assert!(!allows(&ask, &[subkey.to_owned()]), "{subkey}");
        }
    }

    #[test]
    fn the_table_names_only_what_there_is() {
        for rule in RULES {
            assert!(rule.subkeys.iter().all(|named| subkeys().any(|subkey| subkey == *named)));
            if let Purposes::Only(names) = rule.purposes {
                assert!(names.iter().all(|name| name.parse::<Purpose>().is_ok()), "{names:?}");
            }
        }
    }

    #[test]
    fn index_keys_are_for_contacts_alone() {
        for service in Service::ALL {
            for field in ["email", "telephone", "external_id", "suppression"] {
                assert_eq!(allows_index(service, field), service == Service::Contacts);
            }
            assert!(!allows_index(service, "name"));
        }
    }
}
