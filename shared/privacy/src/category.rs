//! The eleven categories of data, as values, as sets and as types.

vocabulary! {
    /// What kind of data a field holds: the policy's closed list, and `derived` for what we make ourselves.
    enum Category, UnknownCategory: "not a data category of the policy", 11 {
        /// Time zone, language, character size.
        Preferences = "preferences",
        /// Network addresses and numbers under which other systems know a person.
        Identifiers = "identifiers",
        /// Kind of device, operating system, browser, screen.
        Technical = "technical",
        /// Country and region.
        Geographics = "geographics",
        /// Pages visited, time on pages.
        Traffic = "traffic",
        /// Name, e-mail address, company name, telephone.
        Personal = "personal",
        /// Company address, number of employees, website.
        Business = "business",
        /// Billing name and address, method, amount.
        Billing = "billing",
        /// Supplements from public sources.
        Public = "public",
        /// A client's contacts and its own fields on them.
        Imported = "imported",
        /// What we make ourselves about somebody.
        Derived = "derived",
    }
}

impl Category {
    /// Its bit in a [`CategorySet`]: one shifted by its place in [`Category::ALL`].
    #[expect(clippy::as_conversions, reason = "a fieldless enum of repr(u8) is its place; From is not const")]
    pub const fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

set! {
    /// A set of [`Category`].
    struct CategorySet(u32) of Category
}

/// A category as a type, for [`Personal`](crate::Personal) and [`Opened`](crate::Opened). The eleven types of this module, no others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a data category",
    label = "expected one of the types in `privacy::category`",
    note = "for example `privacy::category::Personal` or `privacy::category::Business`; the enum `Category` is a value, not a type"
)]
pub trait CategoryTag: tags::Closed {
    /// The category this type stands for.
    const CATEGORY: Category;
}

mod tags {
    /// Only this module's types are categories.
    pub trait Closed {}
}

macro_rules! tags {
    ($($name:ident)*) => {$(
        #[doc = concat!("[`Category::", stringify!($name), "`] as a type.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl tags::Closed for $name {}

        impl CategoryTag for $name {
            const CATEGORY: Category = Category::$name;
        }
    )*};
}

tags!(Preferences Identifiers Technical Geographics Traffic Personal Business Billing Public Imported Derived);
