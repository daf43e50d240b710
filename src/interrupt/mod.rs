//! Ctrl-C, SIGTERM and SIGHUP: a flag that long work looks at, so that it ends between two steps and SQLite never dies
//! in the middle of a transaction.
//!
//! Waits that cannot look at a flag have an ear of their own: [`stream`] for pipes and terminals, [`ends_queries`] for a
//! statement of SQLite, [`on_request`] for a socket.

pub mod stream;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error;

/// Time that work may take to end by itself before it is said that it was told to. A person takes a tenth of a second
/// for at once.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(60);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// Number of those who want statements to run to their end.
static N_SPARING: AtomicUsize = AtomicUsize::new(0);
static CUT_A_PROMPT: AtomicBool = AtomicBool::new(false);
/// True where the last word is being said: an acknowledgment would come after it.
static IS_ENDING: Mutex<bool> = Mutex::new(false);

/// Installs the handler. The first signal sets the flag, and `acknowledge` says so if work goes on for longer than one
/// notices; a second one ends the process at once: a journal left behind is rolled back when the database is next
/// opened.
pub fn install(acknowledge: impl Fn() + Send + 'static) {
    install_handler(move || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(error::Exit::Interrupted as i32);
        }
        std::thread::sleep(ACKNOWLEDGE_AFTER);
        let is_ending = IS_ENDING.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_ending {
            acknowledge();
        }
    });
}

/// Calls `on_signal` in a thread of its own at each signal that was not ignored when the program began. `nohup` and a
/// shell's `trap ''` mean what they say: who ignored a signal did not mean it for us.
#[cfg(unix)]
fn install_handler(on_signal: impl Fn() + Send + 'static) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let heard = match ignored_at_start() {
        Some(ignored) => [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !ignored.contains(signal)).collect(),
        // Nobody can ask without unsafe code. A SIGHUP that nobody catches does what it did before: it ends the program,
        // or nothing where it is ignored.
        None => vec![SIGINT, SIGTERM],
    };
    // A handler that cannot be installed leaves the signals as they are: they end the program, and SQLite rolls back.
    if let Ok(mut signals) = signal_hook::iterator::Signals::new(heard) {
        std::thread::spawn(move || signals.forever().for_each(|_| on_signal()));
    }
}

#[cfg(windows)]
fn install_handler(on_signal: impl Fn() + Send + 'static) {
    // A second installation in one process (tests of `run`) is refused by the crate and changes nothing.
    let _ = ctrlc::set_handler(on_signal);
}

/// Returns the signals that are ignored, where the system tells: Linux does, in `/proc`.
#[cfg(unix)]
fn ignored_at_start() -> Option<Vec<i32>> {
    parse_ignored(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// Reads the line `SigIgn:` of a process's status, a hexadecimal mask with signal 1 in its lowest bit.
#[cfg(unix)]
fn parse_ignored(status: &str) -> Option<Vec<i32>> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some((1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect())
}

/// Calls `stop` once when the person asks us to stop; for what can't look at the flag, such as a blocked socket.
pub fn on_request(stop: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || {
        while !requested() {
            std::thread::sleep(Duration::from_millis(50));
        }
        stop();
    });
}

static BUYING: AtomicBool = AtomicBool::new(false);

/// A call under way that buys: Ctrl-C lets it through to its answer.
#[derive(Debug)]
pub struct Buying(());

/// Marks the time of a call that buys, as long as the value lives.
pub fn buying() -> Buying {
    BUYING.store(true, Ordering::SeqCst);
    Buying(())
}

impl Drop for Buying {
    fn drop(&mut self) {
        BUYING.store(false, Ordering::SeqCst);
    }
}

/// Returns whether a call that buys is under way.
pub fn is_buying() -> bool {
    BUYING.load(Ordering::SeqCst)
}

/// Returns whether the person asked us to stop.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Returns the error to stop with if the person asked us to stop.
pub fn check() -> anyhow::Result<()> {
    if requested() { Err(error::interrupted()) } else { Ok(()) }
}

/// Returns whether a statement of SQLite that runs should end now; its transaction is rolled back.
pub fn ends_queries() -> bool {
    requested() && N_SPARING.load(Ordering::SeqCst) == 0
}

/// Lets statements run to their end from here on, also after a signal. For commands that buy: what a call brought is
/// written down before anything else, and they look at the flag themselves.
pub fn spare_queries() {
    std::mem::forget(sparing_queries());
}

/// Lets statements run to their end, also after a signal, until it is dropped: where a signal in the middle of one would
/// take more back than the work that follows it costs.
pub struct Sparing(());

/// Begins to spare statements.
pub fn sparing_queries() -> Sparing {
    N_SPARING.fetch_add(1, Ordering::SeqCst);
    Sparing(())
}

impl Drop for Sparing {
    fn drop(&mut self) {
        N_SPARING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Returns whether a question to the person went unanswered because of a signal.
pub fn cut_a_prompt() -> bool {
    CUT_A_PROMPT.load(Ordering::SeqCst)
}

/// Keeps a late acknowledgment from being said after the last word.
pub fn begin_last_word() {
    *IS_ENDING.lock().unwrap_or_else(PoisonError::into_inner) = true;
}

/// Sleeps, but wakes up within a twentieth of a second when interrupted.
pub fn sleep(duration: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + duration;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn statements_are_spared_until_the_last_lets_go() {
        let first = sparing_queries();
        drop(sparing_queries());
        let second = sparing_queries();
        drop(first);
        // Other tests may spare them as well.
        assert!(N_SPARING.load(Ordering::SeqCst) > 0, "the second still lives");
        drop(second);
    }

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        for (status, expected) in [
            ("Name:\tx\nSigIgn:\t0000000000001000\nSigCgt:\t0", Some(vec![13])),
            ("SigIgn:\t0000000000000003\n", Some(vec![1, 2])),
            ("SigIgn:\t0\n", Some(vec![])),
            ("SigIgn:\tzz\n", None),
            ("", None),
        ] {
            assert_eq!(parse_ignored(status), expected, "{status}");
        }
    }
}
