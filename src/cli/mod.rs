//! Every clap type and help text; no behavior.
