//! What is sealed of a contact: one JSON object a category.

use super::fields::Values;
use privacy::Category;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Category `personal`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonalBlob {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// E.164, where the number is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub telephone_e164: Option<String>,
}

/// Category `business`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BusinessBlob {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_url: Option<String>,
}

/// Category `imported`: what belongs to no other category.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportedBlob {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, String>,
}

/// The three together. Cannot be printed.
#[derive(Clone, Default)]
pub struct Blobs {
    pub personal: PersonalBlob,
    pub business: BusinessBlob,
    pub imported: ImportedBlob,
}

/// The categories that a contact's row seals, in the order of its columns.
pub const SEALED: [Category; 3] = [Category::Personal, Category::Business, Category::Imported];

impl Blobs {
    pub fn new(values: &Values) -> Self {
        let telephone = values.telephone.as_ref();
        Self {
            personal: PersonalBlob {
                email: values.email.as_ref().map(|email| email.as_given().to_owned()),
                first_name: values.first_name.clone(),
                last_name: values.last_name.clone(),
                company_name: values.company_name.clone(),
                telephone: telephone.map(|phone| phone.as_given().to_owned()),
                telephone_e164: telephone.and_then(|phone| phone.e164()).map(ToOwned::to_owned),
            },
            business: BusinessBlob { company_address: values.company_address.clone(), website_url: values.website_url.clone() },
            imported: ImportedBlob { notes: values.notes.clone(), custom: values.custom.clone() },
        }
    }

    /// Reads what was opened; a category that was not stays empty.
    pub fn opened<'a>(blob: impl Fn(Category) -> Option<&'a [u8]>) -> serde_json::Result<Self> {
        fn read<T: Default + for<'de> Deserialize<'de>>(bytes: Option<&[u8]>) -> serde_json::Result<T> {
            bytes.map_or_else(|| Ok(T::default()), serde_json::from_slice)
        }
        Ok(Self {
            personal: read(blob(Category::Personal))?,
            business: read(blob(Category::Business))?,
            imported: read(blob(Category::Imported))?,
        })
    }

    /// The bytes to be sealed for a category; nothing where nothing is known.
    pub fn plain(&self, category: Category) -> Option<Vec<u8>> {
        let json = match category {
            Category::Personal => serde_json::to_vec(&self.personal),
            Category::Business => serde_json::to_vec(&self.business),
            Category::Imported => serde_json::to_vec(&self.imported),
            _ => return None,
        };
        json.ok().filter(|bytes| bytes != b"{}")
    }

    /// Fills what is blank from another row about the same person; what is there stays. Says whether anything was filled.
    pub fn fill_blanks(&mut self, other: &Self) -> bool {
        fn fill(mine: &mut Option<String>, theirs: Option<&String>) -> bool {
            let fills = mine.is_none() && theirs.is_some();
            if fills {
                *mine = theirs.cloned();
            }
            fills
        }
        let (mine, theirs) = (&mut self.personal, &other.personal);
        let telephone = mine.telephone.is_none();
        let mut filled = fill(&mut mine.email, theirs.email.as_ref());
        filled |= fill(&mut mine.first_name, theirs.first_name.as_ref());
        filled |= fill(&mut mine.last_name, theirs.last_name.as_ref());
        filled |= fill(&mut mine.company_name, theirs.company_name.as_ref());
        filled |= fill(&mut mine.telephone, theirs.telephone.as_ref());
        // The two forms of a number belong together.
        filled |= telephone && fill(&mut mine.telephone_e164, theirs.telephone_e164.as_ref());
        filled |= fill(&mut self.business.company_address, other.business.company_address.as_ref());
        filled |= fill(&mut self.business.website_url, other.business.website_url.as_ref());
        filled |= fill(&mut self.imported.notes, other.imported.notes.as_ref());
        for (name, value) in &other.imported.custom {
            if !self.imported.custom.contains_key(name) {
                self.imported.custom.insert(name.clone(), value.clone());
                filled = true;
            }
        }
        filled
    }
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blobs(…)")
    }
}
