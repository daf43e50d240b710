//! Ctrl-C and SIGTERM: a flag that long work looks at, so that it ends between two steps and SQLite never dies in the
//! middle of a transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Installs the handler. The first signal sets the flag, a second one ends the process at once: a journal left behind
/// is rolled back when the database is next opened.
pub fn install() {
    // A second installation in one process (tests of `run`) is refused by the crate and changes nothing.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(error::Exit::Interrupted as i32);
        }
    });
}

/// Calls `stop` once when the person asks us to stop; for what can't look at the flag, such as a blocked socket.
pub fn on_request(stop: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        while !requested() {
            std::thread::sleep(Duration::from_millis(100));
        }
        stop();
    });
}

/// Returns whether the person asked us to stop.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Returns the error to stop with if the person asked us to stop.
pub fn check() -> anyhow::Result<()> {
    if requested() { Err(error::interrupted()) } else { Ok(()) }
}

/// Sleeps, but wakes up within a tenth of a second when interrupted.
pub fn sleep(duration: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + duration;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}
