//! Scopes of tokens: words that narrow a limit, such as `verb:read category:personal purpose:client_service:support`.

use privacy::{AccessLimit, Category, CategorySet, Purpose, PurposeSet, Verb, VerbSet};

/// What a scope asks for. A kind of which it names nothing stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    verbs: Option<VerbSet>,
    categories: Option<CategorySet>,
    purposes: Option<PurposeSet>,
}

/// The scope has a word that is none, or one that the key does not have (RFC 6749, 5.2: `invalid_scope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope is malformed or beyond the key's limit")]
pub struct InvalidScope;

impl Scope {
    /// Reads words with single spaces between them (RFC 6749, 3.3).
    ///
    /// # Errors
    /// A word that names no verb, category or purpose.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        text.split(' ').try_fold(Self::default(), Scope::with)
    }

    fn with(mut self, word: &str) -> Result<Self, InvalidScope> {
        let (kind, name) = word.split_once(':').ok_or(InvalidScope)?;
        match kind {
            "verb" => {
                let verb: Verb = name.parse().map_err(|_| InvalidScope)?;
                self.verbs = Some(self.verbs.unwrap_or_default().union(VerbSet::of(&[verb])));
            }
            "category" => {
                let category: Category = name.parse().map_err(|_| InvalidScope)?;
                self.categories = Some(self.categories.unwrap_or_default().union(CategorySet::of(&[category])));
            }
            "purpose" => {
                let purpose: Purpose = name.parse().map_err(|_| InvalidScope)?;
                self.purposes = Some(self.purposes.unwrap_or_default().union(PurposeSet::of(&[purpose])));
            }
            _ => return Err(InvalidScope),
        }
        Ok(self)
    }

    /// The limit of a token: what the key has, narrowed to the scope.
    ///
    /// # Errors
    /// The scope asks for what the key does not have.
    pub fn narrow(&self, limit: &AccessLimit) -> Result<AccessLimit, InvalidScope> {
        let asked = AccessLimit {
            verbs: self.verbs.unwrap_or(limit.verbs),
            categories: self.categories.unwrap_or(limit.categories),
            purposes: self.purposes.unwrap_or(limit.purposes),
        };
        if limit.covers(&asked) { Ok(limit.narrow(&asked)) } else { Err(InvalidScope) }
    }
}

/// A limit as the scope that stands for it.
pub fn scope_of(limit: &AccessLimit) -> String {
    let verbs = limit.verbs.iter().map(|verb| format!("verb:{verb}"));
    let categories = limit.categories.iter().map(|category| format!("category:{category}"));
    let purposes = limit.purposes.iter().map(|purpose| format!("purpose:{purpose}"));
    verbs.chain(categories).chain(purposes).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use privacy::Role;

    #[test]
    fn a_scope_narrows_what_it_names_and_leaves_the_rest() {
        let limit = Role::SUPPORT.limit();
        let scope = Scope::parse("verb:read purpose:client_service:support purpose:operate").unwrap();
        let narrowed = scope.narrow(&limit).unwrap();
        assert_eq!(narrowed.verbs, VerbSet::of(&[Verb::Read]));
        assert_eq!(narrowed.purposes, PurposeSet::of(&[Purpose::CLIENT_SERVICE_SUPPORT, Purpose::OPERATE]));
        assert_eq!(narrowed.categories, limit.categories);
    }

    #[test]
    fn a_scope_beyond_the_key_is_refused_not_cut() {
        for beyond in ["verb:read verb:erase", "category:billing", "purpose:direct_marketing"] {
            assert_eq!(Scope::parse(beyond).unwrap().narrow(&Role::SUPPORT.limit()), Err(InvalidScope), "{beyond}");
        }
    }

    #[test]
    fn words_that_name_nothing_are_refused() {
        for wrong in [
            "",
            " ",
            "read",
            "verb:",
            "verb:Read",
            "verb:read  verb:write",
            "verb:read ",
            "category:all",
            "purpose:other",
            "role:owner",
            "verb:read\tverb:write",
        ] {
            assert_eq!(Scope::parse(wrong), Err(InvalidScope), "{wrong:?}");
        }
    }

    #[test]
    fn the_scope_of_a_limit_means_that_limit() {
        for role in [Role::SUPPORT, Role::AUDITOR, Role::HOUSE_ADMIN] {
            let limit = role.limit();
            assert_eq!(Scope::parse(&scope_of(&limit)).unwrap().narrow(&AccessLimit::everything()), Ok(limit));
        }
    }
}
