//! Values that cannot be read without a decision.

use std::{fmt, marker::PhantomData};

use crate::CategoryTag;

/// A value of category `C` that nobody can read, print, compare or serialise without [`Opened<C>`].
///
/// It may be moved about and cloned; `Debug` says its category and nothing else.
///
/// ```
/// use privacy::{Personal, category};
///
/// let name: Personal<category::Personal, _> = Personal::new("Ada Lovelace".to_owned());
/// assert_eq!(format!("{name:?}"), "Personal<personal>(…)");
/// ```
#[must_use]
pub struct Personal<C: CategoryTag, T> {
    value: T,
    category: PhantomData<fn() -> C>,
}

impl<C: CategoryTag, T> Personal<C, T> {
    /// Wraps a value as soon as it is known to be one.
    pub const fn new(value: T) -> Self {
        Self { value, category: PhantomData }
    }

    /// The value, for whoever holds a decision that allows its category.
    pub const fn open(&self, _: &Opened<C>) -> &T {
        &self.value
    }

    /// The value itself, for whoever holds a decision that allows its category.
    pub fn into_inner(self, _: &Opened<C>) -> T {
        self.value
    }
}

impl<C: CategoryTag, T: Clone> Clone for Personal<C, T> {
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}

impl<C: CategoryTag, T> fmt::Debug for Personal<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal<{}>(…)", C::CATEGORY)
    }
}

/// The right to open values of category `C`. Only [`Decision::opened`](crate::Decision::opened) makes one.
///
/// It is a right for the record that was asked about: ask anew for the next one.
#[must_use]
pub struct Opened<C: CategoryTag>(PhantomData<fn() -> C>);

impl<C: CategoryTag> Opened<C> {
    /// For `Decision::opened` alone.
    pub(crate) const fn granted() -> Self {
        Self(PhantomData)
    }
}

impl<C: CategoryTag> fmt::Debug for Opened<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened<{}>", C::CATEGORY)
    }
}
