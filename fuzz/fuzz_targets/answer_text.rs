//! See `gleaner::door::fuzz::answer_text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gleaner::door::fuzz::answer_text(bytes));
