//! One output line becomes one classified outcome. Pure.
