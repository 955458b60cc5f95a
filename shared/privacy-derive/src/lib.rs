#![doc = include_str!("../README.md")]

mod field;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, parse_macro_input};

/// Says what every field of a stored struct holds; see the crate's page for the attributes.
#[proc_macro_derive(PersonalData, attributes(personal, data))]
pub fn personal_data(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<Tokens> {
    let mut faults = Faults::default();
    let store = faults.keep(store(input));
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(&fields.named),
            other => Err(Error::new_spanned(other, "PersonalData needs a struct with named fields")),
        },
        _ => Err(Error::new_spanned(&input.ident, "PersonalData is for structs that are stored")),
    };
    let records: Vec<_> =
        faults.keep(fields).into_iter().flatten().filter_map(|field| faults.keep(field::FieldSays::parse(field))).collect();
    faults.into_result()?;

    let entries = records.iter().map(field::FieldSays::record);
    let checks = records.iter().map(field::FieldSays::checks);
    let name = &input.ident;
    let (generics, arguments, conditions) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::privacy::PersonalData for #name #arguments #conditions {
            const STORE: &'static str = #store;
            const FIELDS: &'static [::privacy::FieldRecord] = &[#(#entries),*];
        }
        #(#checks)*
    })
}

/// The store's name out of `#[personal(store = "service.table")]`.
fn store(input: &DeriveInput) -> Result<LitStr> {
    let mut store = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("personal")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("store") {
                return Err(meta.error("expected `store = \"service.table\"`"));
            }
            store = Some(store_name(meta.value()?.parse()?)?);
            Ok(())
        })?;
    }
    store.ok_or_else(|| Error::new_spanned(&input.ident, "say where it is stored: #[personal(store = \"service.table\")]"))
}

/// A name that can be a store's.
fn store_name(name: LitStr) -> Result<LitStr> {
    match name.value().split_once('.') {
        Some((service, table)) if !service.is_empty() && !table.is_empty() => Ok(name),
        _ => Err(Error::new(name.span(), "a store is called `service.table`")),
    }
}

/// Gathers all faults, so that they show at once.
#[derive(Default)]
struct Faults(Option<Error>);

impl Faults {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        match (result, &mut self.0) {
            (Ok(found), _) => return Some(found),
            (Err(fault), Some(faults)) => faults.combine(fault),
            (Err(fault), none) => *none = Some(fault),
        }
        None
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
