//! The flows that join rooms: submit, watch, collect, link.
