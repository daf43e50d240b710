//! See `gleaner::door::fuzz::wire`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::wire(bytes));
