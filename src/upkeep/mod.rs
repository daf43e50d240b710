//! Care for the database as a file: what is wrong with it, what can be mended, and copies of it.

pub mod check;
pub mod repair;
pub mod backup;
pub mod diagnosis;
mod left_over;
