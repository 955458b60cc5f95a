//! What a policy has to keep to before it becomes code.

use crate::model::Policy;

pub fn faults(_policy: &Policy, _folder: &str, _text: &str) -> Vec<String> {
    vec![]
}
