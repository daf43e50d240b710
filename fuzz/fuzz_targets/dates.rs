//! See `gleaner::door::fuzz::dates`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::dates(bytes));
