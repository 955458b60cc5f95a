//! A chunk on its way into the tenant's contacts: rows that are one person become one candidate.

use super::staged::{Counts, Staged};
use crate::domain::blobs::Blobs;
use crate::domain::fields::Values;
use crate::domain::import::layout::Mapping;
use crate::domain::import::row::{Fault, blanked, read};
use crate::vault::{Indexes, Tokens};
use std::collections::HashMap;

/// A person that the chunk is about.
pub struct Candidate {
    pub tokens: Tokens,
    pub values: Values,
    pub blobs: Blobs,
    /// How many rows said it.
    pub rows: u64,
}

/// A chunk, read.
pub struct Chunk {
    pub candidates: Vec<Candidate>,
    pub rejects: Vec<Staged>,
    pub counts: Counts,
}

impl Chunk {
    /// Reads the rows with the mapping; rows about one person are merged in their order, blanks filled.
    pub fn read(rows: Vec<Staged>, mapping: &Mapping, country: Option<&str>, indexes: &Indexes) -> Self {
        let mut chunk = Self { candidates: Vec::new(), rejects: Vec::new(), counts: Counts::default() };
        let mut by_token: HashMap<Vec<u8>, usize> = HashMap::new();
        for staged in rows {
            let verdict = match staged.fault {
                Some(fault) => Err(fault),
                None => read(&staged.cells, mapping, country),
            };
            match verdict {
                Err(fault) => {
                    chunk.counts.reject(fault);
                    // What a column is for may have been said after the row was staged.
                    let cells = if fault == Fault::CardNumber { blanked(staged.cells) } else { staged.cells };
                    chunk.rejects.push(Staged { row: staged.row, cells, fault: Some(fault) });
                }
                Ok((values, warnings)) => {
                    for warning in warnings {
                        chunk.counts.warn(warning, 1);
                    }
                    chunk.add(values, indexes, &mut by_token);
                }
            }
        }
        chunk
    }

    fn add(&mut self, values: Values, indexes: &Indexes, by_token: &mut HashMap<Vec<u8>, usize>) {
        let (tokens, blobs) = (indexes.tokens(&values), Blobs::new(&values));
        // One person has one address; where there is none, one number.
        let Some(known) = tokens.suppressions().next().cloned() else { return };
        if let Some(candidate) = by_token.get(&known).and_then(|at| self.candidates.get_mut(*at)) {
            candidate.absorb(&Candidate { tokens, values, blobs, rows: 1 });
        } else {
            by_token.insert(known, self.candidates.len());
            self.candidates.push(Candidate { tokens, values, blobs, rows: 1 });
        }
    }
}

impl Candidate {
    /// Takes in what else was said of the person; what is there stays.
    pub fn absorb(&mut self, other: &Self) {
        self.rows += other.rows;
        self.blobs.fill_blanks(&other.blobs);
        if self.tokens.telephone.is_none() {
            self.tokens.telephone.clone_from(&other.tokens.telephone);
            self.tokens.suppression_telephone.clone_from(&other.tokens.suppression_telephone);
        }
        let (mine, theirs) = (&mut self.values, &other.values);
        mine.language = mine.language.take().or_else(|| theirs.language.clone());
        mine.time_zone = mine.time_zone.take().or_else(|| theirs.time_zone.clone());
        mine.employee_band = mine.employee_band.or(theirs.employee_band);
    }
}
