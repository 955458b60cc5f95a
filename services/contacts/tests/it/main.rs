//! contacts, from the outside and from its pure inside.

mod import_rows;
