//! The Merkle tree of RFC 6962 (section 2; proofs in the words of RFC 9162, section 2.1), without any storage.
//!
//! Only hashes of complete subtrees are kept, each under its [`Position`]. Every root and every proof is first a [`Plan`], which says which of them it needs,
//! so that a caller fetches them in one query.

use aws_lc_rs::digest::{Context, SHA256};
use std::collections::HashMap;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Where a complete subtree stands: `index` counts from the left on its `level`; leaves are level 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub level: u8,
    pub index: u64,
}

/// The hash of the tree without leaves.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The hash of a leaf: SHA-256(0x00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The right edge of a tree: the hashes of its complete subtrees, from the largest to the smallest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// The positions whose hashes make the edge of a tree of this size, from the largest subtree to the smallest.
    pub fn positions(size: u64) -> Vec<Position> {
        let mut positions = Vec::new();
        let mut start = 0;
        for level in (0..64_u8).rev() {
            let width = 1_u64 << level;
            if size & width != 0 {
                positions.push(Position { level, index: start >> level });
                start += width;
            }
        }
        positions
    }

    /// The edge of a tree of this size, from the hashes at [`Edge::positions`], in that order.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == usize::try_from(size.count_ones()).expect("64 at most")).then_some(Self { size, peaks })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf and says which subtrees became complete by it, the leaf among them.
    pub fn append(&mut self, leaf: Hash) -> Vec<(Position, Hash)> {
        let (mut hash, mut level, mut index) = (leaf, 0_u8, self.size);
        let mut complete = vec![(Position { level, index }, hash)];
        while index & 1 == 1 {
            let left = self.peaks.pop().expect("an odd index has a complete left neighbour");
            hash = node_hash(&left, &hash);
            level += 1;
            index >>= 1;
            complete.push((Position { level, index }, hash));
        }
        self.peaks.push(hash);
        self.size += 1;
        complete
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// How a hash comes about from the hashes of complete subtrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Node(Position),
    Join(Box<Plan>, Box<Plan>),
}

impl Plan {
    /// The hash of the leaves from `start` up to and without `end`; `end` must be larger than `start`.
    fn span(start: u64, end: u64) -> Self {
        let width = end - start;
        if width.is_power_of_two() {
            let level = u8::try_from(width.trailing_zeros()).expect("63 at most");
            return Self::Node(Position { level, index: start >> level });
        }
        let middle = start + split(width);
        Self::Join(Box::new(Self::span(start, middle)), Box::new(Self::span(middle, end)))
    }

    /// The subtrees it needs.
    pub fn positions(&self) -> Vec<Position> {
        match self {
            Self::Node(position) => vec![*position],
            Self::Join(left, right) => [left.positions(), right.positions()].concat(),
        }
    }

    /// The hash; nothing when one of the subtrees is not in `known`.
    pub fn evaluate(&self, known: &HashMap<Position, Hash>) -> Option<Hash> {
        match self {
            Self::Node(position) => known.get(position).copied(),
            Self::Join(left, right) => Some(node_hash(&left.evaluate(known)?, &right.evaluate(known)?)),
        }
    }
}

/// The largest power of two smaller than `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The audit path of a leaf in a tree of this size (RFC 9162, 2.1.3.1); nothing when the leaf is not in it.
pub fn inclusion(index: u64, size: u64) -> Option<Vec<Plan>> {
    (index < size).then(|| path(index, 0, size))
}

fn path(index: u64, start: u64, end: u64) -> Vec<Plan> {
    if end - start == 1 {
        return Vec::new();
    }
    let middle = start + split(end - start);
    let (mut below, other) = if index < middle {
        (path(index, start, middle), Plan::span(middle, end))
    } else {
        (path(index, middle, end), Plan::span(start, middle))
    };
    below.push(other);
    below
}

/// The proof that the tree of size `new` continues the tree of size `old` (RFC 9162, 2.1.4.1); nothing when `old` is 0 or larger than `new`.
pub fn consistency(old: u64, new: u64) -> Option<Vec<Plan>> {
    (old > 0 && old <= new).then(|| subproof(old, 0, new, true))
}

fn subproof(old: u64, start: u64, end: u64, whole: bool) -> Vec<Plan> {
    if start + old == end {
        return if whole { Vec::new() } else { vec![Plan::span(start, end)] };
    }
    let width = split(end - start);
    let middle = start + width;
    if old <= width {
        let mut proof = subproof(old, start, middle, whole);
        proof.push(Plan::span(middle, end));
        proof
    } else {
        let mut proof = subproof(old - width, middle, end, false);
        proof.push(Plan::span(start, middle));
        proof
    }
}

/// Whether `proof` shows that the leaf with this hash stands at `index` in the tree of `size` with this root (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(other, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree (`new`, `new_root`) continues the tree (`old`, `old_root`) (RFC 9162, 2.1.4.2).
/// The empty tree is no starting point: everything continues it, so such a proof would show nothing.
pub fn verify_consistency(old: u64, new: u64, old_root: &Hash, new_root: &Hash, proof: &[Hash]) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    follow(old, new, first, rest).is_some_and(|(old_hash, new_hash)| old_hash == *old_root && new_hash == *new_root)
}

fn follow(old: u64, new: u64, first: Hash, proof: &[Hash]) -> Option<(Hash, Hash)> {
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (first, first);
    for other in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(other, &old_hash);
            new_hash = node_hash(other, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, other);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_hash, new_hash))
}
