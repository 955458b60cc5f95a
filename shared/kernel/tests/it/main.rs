//! Tests of `kernel`.

mod ids;
