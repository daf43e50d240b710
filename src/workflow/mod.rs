//! The flows that join rooms: submit, watch, collect, link.

pub mod load;
pub mod profile;
pub mod link;
