//! The only HTTP: client, wire types, retry.
