//! The tree against the public vectors and against a second, naive one.

use audit::domain::merkle::{self, Edge, Hash, Plan, Position, leaf_hash, node_hash};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Vectors {
    inclusion: Vec<Inclusion>,
    consistency: Vec<Consistency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    name: String,
    leaf_idx: u64,
    tree_size: u64,
    root: String,
    leaf_hash: String,
    proof: Vec<String>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    name: String,
    size1: u64,
    size2: u64,
    root1: String,
    root2: String,
    proof: Vec<String>,
    want_err: bool,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../data/rfc6962.json")).unwrap()
}

/// A hash of a vector; some vectors are faulty by being no hash at all.
fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[test]
fn inclusion_is_judged_as_the_public_vectors_say() {
    let cases = vectors().inclusion;
    assert_eq!(cases.len(), 98);
    for case in cases {
        let proof: Option<Vec<Hash>> = case.proof.iter().map(|text| hash(text)).collect();
        let holds = match (hash(&case.leaf_hash), hash(&case.root), proof) {
            (Some(leaf), Some(root), Some(proof)) => merkle::verify_inclusion(case.leaf_idx, case.tree_size, &leaf, &proof, &root),
            _ => false,
        };
        assert_eq!(holds, !case.want_err, "{}", case.name);
    }
}

#[test]
fn consistency_is_judged_as_the_public_vectors_say() {
    let cases = vectors().consistency;
    assert_eq!(cases.len(), 98);
    for case in cases {
        let proof: Option<Vec<Hash>> = case.proof.iter().map(|text| hash(text)).collect();
        let holds = match (hash(&case.root1), hash(&case.root2), proof) {
            (Some(old), Some(new), Some(proof)) => merkle::verify_consistency(case.size1, case.size2, &old, &new, &proof),
            _ => false,
        };
        // Two cases of the set compare texts that are no SHA-256 with themselves; here a hash has 32 bytes.
        let not_a_hash = hash(&case.root1).is_none() && case.root1 == case.root2;
        assert_eq!(holds, !case.want_err && !not_a_hash, "{}", case.name);
    }
}

/// The tree as RFC 6962 defines it, recursively and without keeping anything.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// A log as the service keeps it: the edge, and the hash of each complete subtree.
fn grow(leaves: &[Hash]) -> (Edge, HashMap<Position, Hash>) {
    let mut edge = Edge::default();
    let known = leaves.iter().flat_map(|leaf| edge.append(*leaf)).collect();
    (edge, known)
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn evaluate(plans: &[Plan], known: &HashMap<Position, Hash>) -> Vec<Hash> {
    plans.iter().map(|plan| plan.evaluate(known).unwrap()).collect()
}

#[test]
fn the_empty_tree_has_the_root_of_nothing() {
    assert_eq!(hex::encode(merkle::empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(Edge::default().root(), merkle::empty_root());
}

#[test]
fn leaves_and_nodes_are_hashed_as_the_rfc_says() {
    assert_eq!(hex::encode(leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(hex::encode(leaf_hash(b"L123456")), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(b"\x01N123N456");
    assert_eq!(hex::encode(context.finish()), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

#[test]
fn the_edge_can_be_taken_up_again_at_every_size() {
    let all = leaves(70);
    for size in 0..all.len() {
        let (edge, known) = grow(&all[..size]);
        let count = u64::try_from(size).unwrap();
        let peaks = Edge::positions(count).iter().map(|position| known[position]).collect();
        assert_eq!(Edge::new(count, peaks), Some(edge.clone()));
        assert_eq!(edge.root(), naive_root(&all[..size]));
    }
    assert_eq!(Edge::new(3, vec![]), None);
}

proptest! {
    #[test]
    fn every_leaf_has_a_proof_that_holds_for_it_alone(size in 1_usize..200, index in 0_usize..200, other in 0_usize..200) {
        let index = index % size;
        let all = leaves(size);
        let (edge, known) = grow(&all);
        let (at, count) = (u64::try_from(index).unwrap(), u64::try_from(size).unwrap());
        let proof = evaluate(&merkle::inclusion(at, count).unwrap(), &known);
        prop_assert!(merkle::verify_inclusion(at, count, &all[index], &proof, &edge.root()));
        let other = other % size;
        prop_assert_eq!(merkle::verify_inclusion(at, count, &all[other], &proof, &edge.root()), other == index);
        prop_assert_eq!(merkle::inclusion(count, count), None);
    }

    #[test]
    fn every_tree_is_shown_to_continue_every_earlier_one(old in 1_usize..200, more in 0_usize..200, changed in 0_usize..200) {
        let all = leaves(old + more);
        let (edge, known) = grow(&all);
        let (from, to) = (u64::try_from(old).unwrap(), u64::try_from(old + more).unwrap());
        let proof = evaluate(&merkle::consistency(from, to).unwrap(), &known);
        let before = naive_root(&all[..old]);
        prop_assert!(merkle::verify_consistency(from, to, &before, &edge.root(), &proof));
        let mut rewritten = all.clone();
        rewritten[changed % old] = leaf_hash(b"rewritten");
        let (forged, known) = grow(&rewritten);
        let proof = evaluate(&merkle::consistency(from, to).unwrap(), &known);
        prop_assert!(!merkle::verify_consistency(from, to, &before, &forged.root(), &proof));
    }
}
