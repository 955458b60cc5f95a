//! What the crate promises to services, through its public surface.

mod health;
mod settings;
mod stop;
