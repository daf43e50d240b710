//! Random bytes, from a fixed seed, for each function that reads what comes from outside.

use std::panic::catch_unwind;

use crate::harness::random::{Random, number_of};
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

/// Returns random bytes, or a seed, changed in a few places.
fn input(random: &mut Random, seeds: &[&str]) -> Vec<u8> {
    let mut below = |n: usize| random.below(n as u64) as usize;
    let mut bytes: Vec<u8> = match below(4) {
        0 => (0..below(64)).map(|_| below(256) as u8).collect(),
        1 => {
            let n = below(24);
            (0..n).filter_map(|_| char::from_u32(below(0x3_0000) as u32)).collect::<String>().into_bytes()
        }
        _ => seeds[below(seeds.len())].as_bytes().to_vec(),
    };
    for _ in 0..below(6) {
        let at = below(bytes.len() + 1);
        let end = at + below(bytes.len() + 1 - at).min(16);
        match below(5) {
            0 => drop(bytes.splice(at..at, WORDS[below(WORDS.len())].bytes())),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => {
                let bit = 1 << below(8);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            }
        }
    }
    bytes
}

#[test]
fn no_input_breaks_a_reader() {
    let n = number_of("GLEANER_TEST_FUZZ_INPUTS").unwrap_or(INPUTS);
    for (name, run, seeds) in TARGETS {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        for seed in seeds {
            run(seed.as_bytes());
        }
        for i in 0..n {
            let input = input(&mut random, seeds);
            assert!(catch_unwind(|| run(&input)).is_ok(), "{name}, input {i}: b\"{}\"", input.escape_ascii());
        }
    }
}
