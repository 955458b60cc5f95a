//! Stamps for closed vocabularies: enums, their text forms, and sets of them.

/// The text form of a type with `name()` and `ALL`: `Display`, `FromStr`, serde, schema. An error never repeats what was given.
macro_rules! text_form {
    ($type:ident, $error:ident, $message:literal) => {
        #[doc = concat!("`", stringify!($type), "`: ", $message, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[error($message)]
        pub struct $error;

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $error;
            fn from_str(name: &str) -> Result<Self, $error> {
                Self::ALL.into_iter().find(|item| item.name() == name).ok_or($error)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.map(|item| item.name())))
                    .into()
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::ToSchema for $type {}
    };
}

/// An enum whose variants have names, with its text form.
macro_rules! vocabulary {
    (
        $(#[$doc:meta])*
        enum $type:ident, $error:ident: $message:literal, $count:literal {
            $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// All of them, in order.
            pub const ALL: [Self; $count] = [$(Self::$variant),*];

            /// The name as it stands in JSON, tokens and the policy.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        text_form!($type, $error, $message);
    };
}

/// A set of items that have a `bit()`: `Copy`, in JSON an array of names in the items' order.
macro_rules! set {
    ($(#[$doc:meta])* struct $set:ident($bits:ty) of $item:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $set($bits);

        impl $set {
            /// The set of nothing.
            pub const EMPTY: Self = Self(0);

            /// The set of everything there is.
            pub const ALL: Self = Self::of(&$item::ALL);

            /// The set of these items.
            pub const fn of(items: &[$item]) -> Self {
                let mut bits = 0;
                let mut next = 0;
                while next < items.len() {
                    bits |= items[next].bit();
                    next += 1;
                }
                Self(bits)
            }

            /// Whether the item is in it.
            pub const fn contains(self, item: $item) -> bool {
                self.0 & item.bit() != 0
            }

            /// Whether every item of `other` is in it.
            pub const fn covers(self, other: Self) -> bool {
                other.0 & !self.0 == 0
            }

            /// What is in either.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is in both.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is in this one and not in the other.
            #[must_use]
            pub const fn minus(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Whether nothing is in it.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// How many items are in it.
            pub const fn len(self) -> u32 {
                self.0.count_ones()
            }

            /// Its items, in their order.
            pub fn iter(self) -> impl Iterator<Item = $item> {
                $item::ALL.into_iter().filter(move |item| self.contains(*item))
            }

            /// The set as a number, bit by bit in the items' order.
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// The set of a number that [`bits`](Self::bits) gave; `None` when a bit stands for nothing.
            pub const fn from_bits(bits: $bits) -> Option<Self> {
                if Self::ALL.0 | bits == Self::ALL.0 { Some(Self(bits)) } else { None }
            }
        }

        impl FromIterator<$item> for $set {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                items.into_iter().fold(Self::EMPTY, |set, item| Self(set.0 | item.bit()))
            }
        }

        impl std::fmt::Debug for $set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_set().entries(self.iter().map($item::name)).finish()
            }
        }

        impl serde::Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.iter())
            }
        }

        impl<'de> serde::Deserialize<'de> for $set {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Vec::<$item>::deserialize(deserializer).map(Self::from_iter)
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::PartialSchema for $set {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ArrayBuilder::new()
                    .items(<$item as utoipa::PartialSchema>::schema())
                    .unique_items(true)
                    .into()
            }
        }

        #[cfg(feature = "utoipa")]
        impl utoipa::ToSchema for $set {}
    };
}
