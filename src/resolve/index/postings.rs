//! Postings while an index is made: which key finds which number. They are nearly all of the memory that it takes.

use anyhow::Result;

use super::layout::bucket_of;
use super::pack::{Posting, pack_bucket};

/// Bits of a key that choose its part: each part is sorted by itself, while it is in the processor's cache.
const PART_BITS: u32 = 6;

/// Fewer are sorted by one thread.
const MANY: usize = 1 << 17;

/// Postings that are kept in one piece: a vector of all of them, growing, leaves as much memory behind as it takes.
const PIECE: usize = 1 << 14;

/// Postings whose keys begin with the same bits.
#[derive(Clone, Debug, Default)]
struct Part(Vec<Vec<Posting>>);

impl Part {
    fn push(&mut self, posting: Posting) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(posting),
            Some(_) => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(posting);
                self.0.push(piece);
            }
            None => self.0.push(vec![posting]),
        }
    }

    fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Puts all into a buffer.
    fn read(&self, all: &mut Vec<Posting>) {
        all.clear();
        self.0.iter().for_each(|piece| all.extend_from_slice(piece));
    }

    /// Sorts them by way of a buffer, back into the same pieces, and takes out what is there twice.
    fn sort(&mut self, all: &mut Vec<Posting>) {
        self.read(all);
        all.sort_unstable();
        all.dedup();
        self.0.truncate(all.len().div_ceil(PIECE));
        for (piece, sorted) in self.0.iter_mut().zip(all.chunks(PIECE)) {
            piece.clear();
            piece.extend_from_slice(sorted);
        }
    }
}

/// Postings by the first bits of their keys.
#[derive(Debug)]
pub(super) struct Postings(Vec<Part>);

impl Default for Postings {
    fn default() -> Postings {
        Postings(vec![Part::default(); 1 << PART_BITS])
    }
}

impl Postings {
    /// Adds one.
    pub(super) fn push(&mut self, key: u64, number: u32) {
        self.0[bucket_of(key, PART_BITS) as usize].push(Posting::new(key, number));
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Part::len).sum()
    }

    /// Sorts them and takes out what is there twice. Returns how many different keys there are.
    pub(super) fn sort(&mut self) -> usize {
        let sort = |parts: &mut [Part]| {
            let mut all = Vec::with_capacity(parts.iter().map(Part::len).max().unwrap_or(0));
            let mut n_keys = 0;
            for part in parts {
                part.sort(&mut all);
                n_keys += all.chunk_by(|a, b| a.key() == b.key()).count();
            }
            n_keys
        };
        if self.len() < MANY {
            return sort(&mut self.0);
        }
        let (first, second) = self.0.split_at_mut(1 << (PART_BITS - 1));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| sort(second));
            sort(first) + second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Packs sorted postings into buckets, which `bits` bits of a key choose, and hands them out in order.
    pub(super) fn pack(self, bits: u32, sink: &mut dyn FnMut(u32, &[u8]) -> Result<()>) -> Result<()> {
        // A bucket may hold several parts, or a part several buckets.
        let parts = match bits < PART_BITS {
            true => vec![Part(self.0.into_iter().flat_map(|part| part.0).collect())],
            false => self.0,
        };
        let n_buckets = (1u64 << bits) / parts.len() as u64;
        let mut all = Vec::with_capacity(parts.iter().map(Part::len).max().unwrap_or(0));
        for (part, first) in parts.into_iter().zip((0..).step_by(n_buckets as usize)) {
            part.read(&mut all);
            let mut from = 0;
            for bucket in first..first + n_buckets {
                let end = from + all[from..].partition_point(|posting| bucket_of(posting.key(), bits) <= bucket);
                sink(u32::try_from(bucket)?, &pack_bucket(&all[from..end]))?;
                from = end;
            }
        }
        Ok(())
    }
}

impl Extend<(u64, u32)> for Postings {
    fn extend<I: IntoIterator<Item = (u64, u32)>>(&mut self, postings: I) {
        postings.into_iter().for_each(|(key, number)| self.push(key, number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_the_same_however_many_parts_there_are() {
        assert_eq!(size_of::<Posting>(), 12);
        // Keys all over, some with several numbers, some there twice; enough that two threads sort them.
        let all: Vec<(u64, u32)> = (0..MANY as u64 + 7)
            .map(|n| ((n / 3).wrapping_mul(0x9E37_79B9_7F4A_7C15), (n % 5) as u32))
            .chain([(0, 1), (0, 1), (u64::MAX, 9)])
            .collect();
        let mut sorted: Vec<Posting> = all.iter().map(|(key, number)| Posting::new(*key, *number)).collect();
        sorted.sort_unstable();
        sorted.dedup();
        for bits in [0, 3, 6, 9] {
            let mut postings = Postings::default();
            postings.extend(all.iter().copied());
            assert_eq!(postings.sort(), sorted.chunk_by(|a, b| a.key() == b.key()).count());
            assert_eq!(postings.len(), sorted.len());
            let mut packed = vec![];
            postings
                .pack(bits, &mut |number, block| {
                    assert_eq!(number as usize, packed.len());
                    packed.push(block.to_vec());
                    Ok(())
                })
                .unwrap();
            let expected: Vec<Vec<u8>> = (0..1u64 << bits)
                .map(|bucket| {
                    let of_bucket: Vec<Posting> =
                        sorted.iter().copied().filter(|posting| bucket_of(posting.key(), bits) == bucket).collect();
                    pack_bucket(&of_bucket)
                })
                .collect();
            assert!(packed == expected, "{bits}");
        }
    }
}
