//! Tests of `kernel`.

mod card;
mod clock;
mod email;
mod ids;
mod phone;
mod service;
