//! Pseudo-random numbers, and variables that ask for more of them.

/// Pseudo-random numbers (xorshift; G. Marsaglia, "Xorshift RNGs", 2003), the same for the same seed, which is not 0.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns a number below `n`, or 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n.max(1)
    }

    /// Returns one of several.
    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// Returns the number in an environment variable, if it has one.
pub(crate) fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
