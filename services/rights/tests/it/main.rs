//! rights, from the outside and from its pure inside.

mod due;
