//! See `gleaner::door::fuzz::output_line`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::output_line(bytes));
