//! One thin file a command; `run` is the match.
