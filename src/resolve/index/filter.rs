//! Filter of the keys of an index that lies in memory: most keys that a mention is looked up by are no name's, and one look
//! at some bits says so without a look at the block (after B. Bloom, "Space/time trade-offs in hash coding with allowable
//! errors", 1970, with a single hash, which the key is already).

use anyhow::Result;

use crate::resolve::index::layout::{ResidentBlocks, Table, bucket_of, key_at, read_u32};

/// Bits a key, at least.
const BITS_PER_KEY: usize = 8;

/// Keys that may be there, a bit each. Those of a bucket stand side by side.
#[derive(Debug)]
pub(super) struct Filter {
    bits: Vec<u64>,
    /// Number of keys of each bucket.
    counts: Vec<u32>,
    /// Number of bits of a bucket, as a power of two.
    width: u32,
}

impl Filter {
    /// Reads the keys of all buckets.
    pub(super) fn of(blocks: &ResidentBlocks, bucket_bits: u32) -> Result<Filter> {
        let n_buckets = 1u32 << bucket_bits;
        let mut counts = Vec::with_capacity(n_buckets as usize);
        for bucket in 0..n_buckets {
            counts.push(read_u32(blocks.block(Table::Keys, bucket)?, 0));
        }
        let n_keys: usize = counts.iter().map(|count| *count as usize).sum();
        let per_bucket = (n_keys * BITS_PER_KEY).div_ceil(n_buckets as usize).next_power_of_two().max(64);
        let width = per_bucket.trailing_zeros().min(32);
        let mut filter = Filter { bits: vec![0; n_buckets as usize * (1 << width) / 64], counts: Vec::new(), width };
        for (bucket, count) in (0..n_buckets).zip(&counts) {
            let block = blocks.block(Table::Keys, bucket)?;
            for at in 0..*count as usize {
                let place = filter.place(u64::from(bucket), read_u32(block, key_at(at)));
                filter.bits[place / 64] |= 1 << (place % 64);
            }
        }
        filter.counts = counts;
        Ok(filter)
    }

    /// Returns false where a key is not there.
    pub(super) fn may_have(&self, key: u64, bucket_bits: u32) -> bool {
        let place = self.place(bucket_of(key, bucket_bits), key as u32);
        self.bits.get(place / 64).is_some_and(|bits| bits & 1 << (place % 64) != 0)
    }

    /// Returns the number of keys of a bucket, without a look at its block.
    pub(super) fn count(&self, bucket: u64) -> u32 {
        self.counts.get(bucket as usize).copied().unwrap_or(0)
    }

    fn place(&self, bucket: u64, low: u32) -> usize {
        (bucket as usize) << self.width | (u64::from(low) << self.width >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::index::pack::{Posting, pack_bucket};

    #[test]
    fn a_key_that_is_there_is_never_denied() {
        const BUCKET_BITS: u32 = 2;
        let mut state = 7u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) << 32 | state.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
        };
        let keys: Vec<u64> = (0..1000).map(|_| random()).collect();
        let mut blocks = ResidentBlocks::default();
        for bucket in 0..1 << BUCKET_BITS {
            let mut postings: Vec<Posting> = (keys.iter().filter(|key| bucket_of(**key, BUCKET_BITS) == bucket))
                .map(|key| Posting::new(*key, 1))
                .collect();
            postings.sort_unstable();
            blocks.push(Table::Keys, &pack_bucket(&postings));
        }
        let filter = Filter::of(&blocks, BUCKET_BITS).expect("reads");
        assert!(keys.iter().all(|key| filter.may_have(*key, BUCKET_BITS)));
        let n_denied = (0..1000).filter(|_| !filter.may_have(random(), BUCKET_BITS)).count();
        assert!(n_denied > 800, "{n_denied} of 1000 other keys");
    }
}
