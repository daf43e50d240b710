//! A decision about a mention, and how it is kept: in bytes, one piece of memory each, which take half of what its parts would.

use crate::model::{EntityKey, LinkOutcome};
use crate::resolve::{Candidate, Compared, Method, Resolution};

/// Resolution of a mention by itself.
#[derive(Debug)]
pub(super) struct KnownMention {
    /// Resolution with the best candidate, if there is one.
    pub(super) resolution: Resolution,
    /// True where its group has a say in it.
    pub(super) is_open: bool,
    /// Comparisons with its candidates; `None` where nothing asked for them yet.
    pub(super) compared: Option<Compared>,
    /// Key of its text, by which decisions about it are found.
    pub(super) key: Box<str>,
    /// Hash of the last name in it.
    pub(super) last_name: u64,
}

/// Decision about a mention as it is kept, without the comparisons that led to it.
#[derive(Debug)]
pub(super) struct KeptMention(Box<[u8]>);

/// Parts that not every decision has, a bit each.
const IS_OPEN: u8 = 1;
const HAS_ENTITY: u8 = 2;
const HAS_BEST: u8 = 4;
const HAS_COMPARED: u8 = 8;

/// Outcomes and methods in the order of their numbers.
const OUTCOMES: [LinkOutcome; 3] = [LinkOutcome::Linked, LinkOutcome::Ambiguous, LinkOutcome::Unknown];
const METHODS: [Method; 9] = [
    Method::Exact,
    Method::Alias,
    Method::Hint,
    Method::Initials,
    Method::Fuzzy,
    Method::Context,
    Method::Decision,
    Method::Pair,
    Method::None,
];

impl KeptMention {
    /// Packs a decision and the best candidate, if there is one.
    pub(super) fn of(known: &KnownMention) -> KeptMention {
        let KnownMention { resolution, is_open, compared, key, last_name } = known;
        let best = resolution.candidates.first();
        let has = |part: u8, is_there: bool| if is_there { part } else { 0 };
        let parts = has(IS_OPEN, *is_open)
            | has(HAS_ENTITY, resolution.entity.is_some())
            | has(HAS_BEST, best.is_some())
            | has(HAS_COMPARED, compared.is_some());
        let mut out = Vec::with_capacity(64 + key.len());
        out.extend([parts, resolution.outcome as u8, resolution.method as u8]);
        out.extend(resolution.score.to_le_bytes());
        out.extend(resolution.entity.iter().flat_map(|entity| entity.0.to_le_bytes()));
        if let Some(Candidate { entity, score, parts: _, place: (layer, number) }) = best {
            out.extend(entity.0.to_le_bytes());
            out.extend(score.to_le_bytes());
            out.push(*layer);
            out.extend(number.to_le_bytes());
        }
        out.extend(last_name.to_le_bytes());
        out.extend((key.len() as u32).to_le_bytes());
        out.extend(key.as_bytes());
        if let Some(compared) = compared {
            compared.pack(&mut out);
        }
        KeptMention(out.into())
    }

    /// Returns the decision with what the mention was compared with.
    pub(super) fn known(&self) -> KnownMention {
        let mut rest = Rest(&self.0);
        let [parts, outcome, method] = rest.array();
        let has = |part: u8| parts & part != 0;
        let score = f64::from_le_bytes(rest.array());
        let entity = has(HAS_ENTITY).then(|| rest.entity());
        let best = has(HAS_BEST).then(|| Candidate {
            entity: rest.entity(),
            score: f64::from_le_bytes(rest.array()),
            parts: Vec::new(),
            place: (rest.array::<1>()[0], u32::from_le_bytes(rest.array())),
        });
        let last_name = u64::from_le_bytes(rest.array());
        let n_key = u32::from_le_bytes(rest.array()) as usize;
        let (key, compared) = rest.0.split_at(n_key);
        let resolution = Resolution {
            outcome: OUTCOMES[usize::from(outcome)],
            entity,
            score,
            method: METHODS[usize::from(method)],
            candidates: best.into_iter().collect(),
        };
        KnownMention {
            resolution,
            is_open: has(IS_OPEN),
            compared: has(HAS_COMPARED).then(|| Compared::unpack(compared)),
            key: String::from_utf8_lossy(key).into(),
            last_name,
        }
    }

    /// Returns the bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Bytes still to be read of a decision.
struct Rest<'b>(&'b [u8]);

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (array, rest) = self.0.split_first_chunk().expect("a decision is kept whole");
        self.0 = rest;
        *array
    }

    fn entity(&mut self) -> EntityKey {
        EntityKey(i64::from_le_bytes(self.array()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_read_back_as_it_was() {
        let best = Candidate { entity: EntityKey(-7), score: 0.25, parts: Vec::new(), place: (1, 90_000) };
        for (outcome, method, entity, best) in [
            (LinkOutcome::Linked, Method::Pair, Some(EntityKey(1 << 40)), Some(best.clone())),
            (LinkOutcome::Ambiguous, Method::Exact, None, Some(Candidate::decided(EntityKey(3)))),
            (LinkOutcome::Unknown, Method::None, None, None),
        ] {
            let candidates = best.into_iter().collect();
            let resolution = Resolution { outcome, entity, score: 0.5, method, candidates };
            let known = KnownMention {
                resolution,
                is_open: entity.is_none(),
                compared: None,
                key: "jo reyes".into(),
                last_name: 5,
            };
            let again = KeptMention::of(&known).known();
            assert_eq!(format!("{again:?}"), format!("{known:?}"));
        }
    }

    #[test]
    fn outcomes_and_methods_have_their_numbers() {
        assert!(OUTCOMES.iter().enumerate().all(|(number, outcome)| *outcome as usize == number));
        assert!(METHODS.iter().enumerate().all(|(number, method)| *method as usize == number));
    }
}
