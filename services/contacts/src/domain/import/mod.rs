//! An import, row by row: which column is which field, what a cell means, and what becomes of the row.

pub mod cell;
pub mod layout;
pub mod row;
