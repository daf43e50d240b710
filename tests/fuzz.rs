//! Random bytes, from a fixed seed, for each function that reads what comes from outside.

use std::panic::catch_unwind;

use gleaner::door::fuzz::TARGETS;

/// Inputs a target gets, unless `GLEANER_TEST_FUZZ_INPUTS` says another number.
const INPUTS: u64 = 1500;

/// Bytes that mean something to one of the readers.
const WORDS: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ",",
    ":",
    "\n",
    "\r\n",
    "\u{feff}",
    "\u{200d}",
    "\u{202e}",
    "\u{e0041}",
    "null",
    "1e999",
    "\\u0000",
    "-",
    "İ",
    "ﬁ",
    "ß",
    "🏈",
];

/// Pseudo-random numbers (xorshift), the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn input(&mut self, seeds: &[&str]) -> Vec<u8> {
        let mut bytes: Vec<u8> = match self.below(4) {
            0 => (0..self.below(64)).map(|_| self.below(256) as u8).collect(),
            1 => {
                let n = self.below(24);
                (0..n).filter_map(|_| char::from_u32(self.below(0x3_0000) as u32)).collect::<String>().into_bytes()
            }
            _ => seeds[self.below(seeds.len())].as_bytes().to_vec(),
        };
        for _ in 0..self.below(6) {
            let at = self.below(bytes.len() + 1);
            let end = at + self.below(bytes.len() + 1 - at).min(16);
            match self.below(5) {
                0 => drop(bytes.splice(at..at, WORDS[self.below(WORDS.len())].bytes())),
                1 => drop(bytes.drain(at..end)),
                2 => bytes.truncate(at),
                3 => {
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ => {
                    let bit = 1 << self.below(8);
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
                }
            }
        }
        bytes
    }
}

#[test]
fn no_input_breaks_a_reader() {
    let n = std::env::var("GLEANER_TEST_FUZZ_INPUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(INPUTS);
    for (name, run, seeds) in TARGETS {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        for seed in seeds {
            run(seed.as_bytes());
        }
        for i in 0..n {
            let input = random.input(seeds);
            assert!(catch_unwind(|| run(&input)).is_ok(), "{name}, input {i}: b\"{}\"", input.escape_ascii());
        }
    }
}
