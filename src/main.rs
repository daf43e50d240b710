//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    gleaner::run(std::env::args_os()).into()
}
