//! What seal promises: a value opens at its place with its key and nowhere else, a root that was destroyed stays away, evidence verifies as its kind alone.

mod evidence;
mod keys;
mod roots;
mod sealed;
mod vectors;
