//! See `gleaner::door::fuzz::splitter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::splitter(bytes));
