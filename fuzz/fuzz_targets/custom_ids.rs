//! See `gleaner::door::fuzz::custom_ids`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::custom_ids(bytes));
