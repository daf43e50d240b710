//! The only writer to stdout and stderr: results, bars, hints, warnings.
