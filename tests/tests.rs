//! Everything that is tested from outside, in one binary: the built program and the library's doors, over real sockets.

/// The sandbox itself: its endpoints, and each fault that a script can ask for.
mod sandbox;

/// The bundled collections: stories, catalogs and gold hold together, and fit the profiles.
mod collections;
