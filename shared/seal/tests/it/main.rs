//! What seal promises: a value opens at its place with its key and nowhere else, a root that was destroyed stays away, evidence verifies as its kind alone.

#![expect(clippy::disallowed_methods, reason = "what was sealed is opened to see that it is the same")]

mod evidence;
mod keys;
mod roots;
mod sealed;
mod vectors;
