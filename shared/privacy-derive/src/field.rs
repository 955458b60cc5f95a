//! What one field says of itself.

use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Field, Ident, LitStr, Result, Token, meta::ParseNestedMeta, parenthesized, punctuated::Punctuated};

/// The policy's words. `privacy` has the same lists as types; a test there compares them.
const CATEGORIES: &[&str] = &[
    "preferences",
    "identifiers",
    "technical",
    "geographics",
    "traffic",
    "personal",
    "business",
    "billing",
    "public",
    "imported",
    "derived",
];
const SOURCES: &[&str] = &["device", "usage", "direct", "provider", "public", "client", "derived"];
const ROLES: &[&str] = &["controller", "processor"];

/// The source of what we make ourselves: it names what it is made from.
const MADE: &str = "derived";

const HOW: &str = "#[data(category = …, sources(…), roles(…), retention = \"…\")] or #[data(not_personal = \"why\")]";

/// A field and what it says.
pub struct FieldSays {
    name: Ident,
    holds: Holds,
}

enum Holds {
    Personal { category: Ident, sources: Vec<Ident>, inputs: Vec<LitStr>, roles: Vec<Ident>, retention: LitStr, sealed: bool },
    NotPersonal { why: LitStr },
}

/// What has been read of the attributes so far.
#[derive(Default)]
struct Said {
    category: Option<Ident>,
    sources: Vec<Ident>,
    inputs: Vec<LitStr>,
    roles: Vec<Ident>,
    retention: Option<LitStr>,
    sealed: bool,
    not_personal: Option<LitStr>,
}

impl FieldSays {
    pub fn parse(field: &Field) -> Result<Self> {
        let name = field.ident.clone().expect("named fields have names");
        let mut attributes = field.attrs.iter().filter(|attribute| attribute.path().is_ident("data")).peekable();
        if attributes.peek().is_none() {
            return Err(Error::new_spanned(&name, format!("field `{name}` does not say what it holds: {HOW}")));
        }
        let mut said = Said::default();
        for attribute in attributes {
            attribute.parse_nested_meta(|meta| said.read(&meta))?;
        }
        let holds = said.into_holds(&name)?;
        Ok(Self { name, holds })
    }

    /// The `FieldRecord` as an expression.
    pub fn record(&self) -> Tokens {
        let field = self.name.to_string();
        match &self.holds {
            Holds::NotPersonal { why } => quote! {
                ::privacy::FieldRecord {
                    field: #field, category: ::core::option::Option::None, sources: &[], inputs: &[], roles: &[], retention: "",
                    why_not_personal: ::core::option::Option::Some(#why), sealed: false,
                }
            },
            Holds::Personal { category, sources, inputs, roles, retention, sealed } => {
                let category = variant(category);
                let (sources, roles) = (sources.iter().map(variant), roles.iter().map(variant));
                quote! {
                    ::privacy::FieldRecord {
                        field: #field, category: ::core::option::Option::Some(::privacy::Category::#category),
                        sources: &[#(::privacy::Source::#sources),*], inputs: &[#(#inputs),*], roles: &[#(::privacy::RecordRole::#roles),*],
                        retention: #retention, why_not_personal: ::core::option::Option::None, sealed: #sealed,
                    }
                }
            }
        }
    }

    /// Constant assertions that the policy knows and allows what was said.
    pub fn checks(&self) -> Tokens {
        let Holds::Personal { category, sources, roles, retention, .. } = &self.holds else { return Tokens::new() };
        let name = &self.name;
        let kind = variant(category);
        let no_rule = format!("field `{name}`: policy/ has no retention rule `{}`", retention.value());
        let rule = quote_spanned! { retention.span() =>
            const _: () = ::core::assert!(::privacy::check::retention(#retention), #no_rule);
        };
        let sources = sources.iter().map(|source| {
            let (variant, message) = (variant(source), format!("field `{name}`: policy/ lets no `{category}` data come from `{source}`"));
            quote_spanned! { source.span() =>
                const _: () = ::core::assert!(::privacy::check::source(::privacy::Category::#kind, ::privacy::Source::#variant), #message);
            }
        });
        let roles = roles.iter().map(|role| {
            let (variant, message) = (variant(role), format!("field `{name}`: policy/ lets no `{category}` data be held as {role}"));
            quote_spanned! { role.span() =>
                const _: () = ::core::assert!(::privacy::check::role(::privacy::Category::#kind, ::privacy::RecordRole::#variant), #message);
            }
        });
        quote! { #rule #(#sources)* #(#roles)* }
    }
}

impl Said {
    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match key.as_str() {
            "category" => self.category = Some(known(meta.value()?.parse()?, "category", CATEGORIES)?),
            "sources" => self.sources = list(meta, "source", SOURCES)?,
            "inputs" => self.inputs = stores(meta)?,
            "roles" => self.roles = list(meta, "role", ROLES)?,
            "retention" => self.retention = Some(meta.value()?.parse()?),
            "sealed" => self.sealed = true,
            "not_personal" => self.not_personal = Some(meta.value()?.parse()?),
            _ => return Err(meta.error(format!("expected {HOW}"))),
        }
        Ok(())
    }

    fn into_holds(self, name: &Ident) -> Result<Holds> {
        let fault = |what: &str| Error::new_spanned(name, format!("field `{name}` {what}: {HOW}"));
        let silent = self.category.is_none()
            && self.sources.is_empty()
            && self.inputs.is_empty()
            && self.roles.is_empty()
            && self.retention.is_none();
        if let Some(why) = self.not_personal {
            return match silent && !self.sealed {
                true if why.value().trim().is_empty() => Err(Error::new(why.span(), "say why the field is about nobody")),
                true => Ok(Holds::NotPersonal { why }),
                false => Err(fault("is said to be personal and not personal")),
            };
        }
        let category = self.category.ok_or_else(|| fault("names no category"))?;
        let retention = self.retention.ok_or_else(|| fault("names no retention"))?;
        if self.sources.is_empty() {
            return Err(fault("names no source"));
        }
        if self.roles.is_empty() {
            return Err(fault("names no role"));
        }
        match (self.sources.iter().any(|source| source == MADE), self.inputs.is_empty()) {
            (true, true) => return Err(fault("is derived and does not name what from, as inputs(\"service.table\", …)")),
            (false, false) => return Err(fault("names inputs and is not derived")),
            _ => {}
        }
        Ok(Holds::Personal { category, sources: self.sources, inputs: self.inputs, roles: self.roles, retention, sealed: self.sealed })
    }
}

/// `sources(client, direct)`
fn list(meta: &ParseNestedMeta<'_>, kind: &str, words: &[&str]) -> Result<Vec<Ident>> {
    let content;
    parenthesized!(content in meta.input);
    let items = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
    items.into_iter().map(|item| known(item, kind, words)).collect()
}

/// `inputs("contacts.contacts")`
fn stores(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    parenthesized!(content in meta.input);
    let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    names.into_iter().map(crate::store_name).collect()
}

fn known(word: Ident, kind: &str, words: &[&str]) -> Result<Ident> {
    if words.iter().any(|known| word == known) {
        return Ok(word);
    }
    Err(Error::new(word.span(), format!("`{word}` is no {kind} of the policy; it knows: {}", words.join(", "))))
}

/// `personal` → `Personal`
fn variant(word: &Ident) -> Ident {
    let text = word.to_string();
    let (first, rest) = text.split_at(1);
    format_ident!("{}{}", first.to_uppercase(), rest, span = word.span())
}
