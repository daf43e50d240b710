//! Which part a group's requests go into.
//!
//! A batch takes so many requests, so many bytes and so many tokens. Parts are filled one after the other in the order
//! of the groups, since that is the order the person asked for; the requests of a group stay together, so that a part
//! can be imported without half-answered groups.

use std::fmt;
use std::ops::AddAssign;

/// The most requests in one batch, from the provider's specification.
pub const REQUESTS_MAX: u64 = 50_000;

/// The most bytes of an input file: the provider says 200 MB without saying which, so the smaller one, less 5 %.
pub const BYTES_MAX: u64 = 200_000_000 / 100 * 95;

/// Limits of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lines of its file.
    pub max_requests: u64,
    /// Bytes of its file.
    pub max_bytes: u64,
    /// Estimated input tokens, where a queue limit is known.
    pub max_tokens: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_requests: REQUESTS_MAX, max_bytes: BYTES_MAX, max_tokens: None }
    }
}

/// The size of what stays together: the one or two requests of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairSize {
    /// Lines.
    pub requests: u64,
    /// Bytes of the lines, newlines included.
    pub bytes: u64,
    /// Estimated input tokens.
    pub tokens: u64,
}

impl AddAssign for PairSize {
    fn add_assign(&mut self, other: PairSize) {
        self.requests += other.requests;
        self.bytes += other.bytes;
        self.tokens += other.tokens;
    }
}

/// The number of a part within its run, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(pub u32);

/// A group that fits into no part by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Excess of what is too large: `1,200 estimated tokens, over the limit of 1,000`.
    pub why: String,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for TooLarge {}

/// Deals groups out to parts, in order.
#[derive(Clone, Debug)]
pub struct Splitter {
    limits: Limits,
    part: PartNumber,
    filled: PairSize,
}

impl Splitter {
    /// Starts at part 1.
    pub fn new(limits: Limits) -> Self {
        Self::starting_at(limits, PartNumber(1))
    }

    /// Starts at another part: to split one that the provider would not take, while the others keep their numbers.
    pub fn starting_at(limits: Limits, part: PartNumber) -> Self {
        Self { limits, part, filled: PairSize::default() }
    }

    /// Returns the part that a group's requests go into. One that fits nowhere is an error and changes nothing.
    pub fn push(&mut self, pair: PairSize) -> Result<PartNumber, TooLarge> {
        if let Some(why) = self.limits.exceeded_by(pair) {
            return Err(TooLarge { why });
        }
        let mut filled = self.filled;
        filled += pair;
        if self.limits.exceeded_by(filled).is_some() {
            self.part.0 += 1;
            self.filled = pair;
        } else {
            self.filled = filled;
        }
        Ok(self.part)
    }
}

impl Limits {
    fn exceeded_by(&self, size: PairSize) -> Option<String> {
        let over =
            |n: u64, what: &str, limit: u64| (n > limit).then(|| format!("{n} {what}, over the limit of {limit}"));
        over(size.requests, "requests", self.max_requests)
            .or_else(|| over(size.bytes, "bytes", self.max_bytes))
            .or_else(|| over(size.tokens, "estimated tokens", self.max_tokens?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(bytes: u64, tokens: u64) -> PairSize {
        PairSize { requests: 2, bytes, tokens }
    }

    fn deal(limits: Limits, pairs: &[PairSize]) -> Vec<u32> {
        let mut splitter = Splitter::new(limits);
        pairs.iter().map(|pair| splitter.push(*pair).map_or(0, |part| part.0)).collect()
    }

    #[test]
    fn parts_are_filled_in_order_up_to_each_limit() {
        let wide = Limits { max_requests: 1_000, max_bytes: 1_000, max_tokens: None };
        assert_eq!(deal(wide, &[pair(500, 9); 4]), [1, 1, 2, 2]);
        assert_eq!(deal(Limits { max_requests: 5, ..wide }, &[pair(1, 1); 5]), [1, 1, 2, 2, 3], "pairs stay together");
        assert_eq!(deal(Limits { max_tokens: Some(10), ..wide }, &[pair(1, 5), pair(1, 5), pair(1, 1)]), [1, 1, 2]);
        assert_eq!(deal(wide, &[pair(600, 1), pair(600, 1), pair(300, 1)]), [1, 2, 2]);
    }

    #[test]
    fn the_limits_themselves_still_fit() {
        let mut splitter = Splitter::new(Limits::default());
        for _ in 0..25_000 {
            assert_eq!(splitter.push(pair(1, 1)), Ok(PartNumber(1)));
        }
        assert_eq!(splitter.push(pair(1, 1)), Ok(PartNumber(2)));
        assert_eq!(deal(Limits::default(), &[pair(BYTES_MAX, 0), pair(1, 0)]), [1, 2]);
    }

    #[test]
    fn one_too_large_is_said_and_left_out() {
        let limits = Limits { max_requests: 10, max_bytes: 100, max_tokens: Some(10) };
        assert_eq!(deal(limits, &[pair(50, 1), pair(101, 1), pair(50, 1), pair(1, 11)]), [1, 0, 1, 0]);
        let too_large = Splitter::new(limits).push(pair(1, 11)).unwrap_err();
        assert_eq!(too_large.why, "11 estimated tokens, over the limit of 10");
    }

    #[test]
    fn a_refused_part_falls_into_two() {
        let pairs = [pair(10, 100); 10];
        let halved = Limits { max_tokens: Some(500), ..Limits::default() };
        let mut splitter = Splitter::starting_at(halved, PartNumber(3));
        let parts: Vec<u32> = pairs.iter().map(|pair| splitter.push(*pair).unwrap().0).collect();
        assert_eq!(parts, [3, 3, 3, 3, 3, 4, 4, 4, 4, 4]);
    }
}
