//! Which bucket takes whom: buckets with room first, then new ones, never more than [`FULL`] holders in one.

/// How many holders share a bucket key: what one shredding has to wrap anew at most.
pub const FULL: usize = 256;

/// How many new holders go where.
#[derive(Debug, PartialEq, Eq)]
pub struct Allocation {
    /// For each bucket that was offered, in order: how many it takes.
    pub offered: Vec<usize>,
    /// How many each new bucket takes.
    pub new: Vec<usize>,
}

/// Places `holders` new holders into the offered buckets, given how many live in each, and into new ones.
pub fn place(holders: usize, live: &[usize]) -> Allocation {
    let mut left = holders;
    let offered = live
        .iter()
        .map(|live| {
            let taken = FULL.saturating_sub(*live).min(left);
            left -= taken;
            taken
        })
        .collect();
    let mut new = Vec::with_capacity(left.div_ceil(FULL));
    while left > 0 {
        let taken = left.min(FULL);
        new.push(taken);
        left -= taken;
    }
    Allocation { offered, new }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn room_is_used_before_a_bucket_is_made() {
        assert_eq!(place(10, &[250, 256, 3]), Allocation { offered: vec![6, 0, 4], new: vec![] });
        assert_eq!(place(600, &[200]), Allocation { offered: vec![56], new: vec![256, 256, 32] });
        assert_eq!(place(0, &[1]), Allocation { offered: vec![0], new: vec![] });
    }

    proptest! {
        #[test]
        fn everybody_has_a_place_and_no_bucket_overflows(holders in 0_usize..6_000, live in proptest::collection::vec(0_usize..=FULL, 0..8)) {
            let placed = place(holders, &live);
            prop_assert_eq!(placed.offered.iter().sum::<usize>() + placed.new.iter().sum::<usize>(), holders);
            prop_assert!(placed.offered.iter().zip(&live).all(|(taken, live)| taken + live <= FULL));
            prop_assert!(placed.new.iter().all(|taken| (1..=FULL).contains(taken)));
            prop_assert!(placed.new.is_empty() || placed.offered.iter().zip(&live).all(|(taken, live)| taken + live == FULL));
        }
    }
}
