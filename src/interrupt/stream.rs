//! Streams that Ctrl-C ends: each waits in short steps until the other side is ready, and looks at the flag between
//! them.
//!
//! Reads and writes of a pipe are restarted after a signal, so a program that is blocked in one would never hear of it.
//! On Windows there is no such wait; there the second Ctrl-C ends the program.

use std::fs::File;
use std::io::{self, Read, Write};

#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};

use super::requested;
use crate::error::Stopped;

/// Not of the kind `Interrupted`: whoever reads or writes all of something tries again after that one.
fn stopped() -> io::Error {
    io::Error::other(Stopped)
}

/// A file or stdin to read from.
#[derive(Debug)]
pub struct Input(File);

impl Input {
    /// Reads from a file, which may be a pipe.
    pub fn new(file: File) -> Input {
        Input(file)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if requested() {
            return Err(stopped());
        }
        #[cfg(unix)]
        wait(self.0.as_fd(), Side::Read)?;
        self.0.read(buffer)
    }
}

/// Returns stdin without a buffer of its own.
#[cfg(unix)]
pub fn stdin() -> Box<dyn Read + Send> {
    match io::stdin().as_fd().try_clone_to_owned() {
        Ok(descriptor) => Box::new(Input(File::from(descriptor))),
        Err(_) => Box::new(io::stdin()),
    }
}

/// Returns stdin. A console's text goes through the library, which knows its encoding.
#[cfg(windows)]
pub fn stdin() -> Box<dyn Read + Send> {
    Box::new(io::stdin())
}

/// Waits until there is a line to read at stdin; `false`: the person asked us to stop.
pub fn wait_for_line() -> bool {
    #[cfg(unix)]
    let is_there = wait(io::stdin().as_fd(), Side::Read).is_ok();
    #[cfg(windows)]
    let is_there = !requested();
    if !is_there {
        super::CUT_A_PROMPT.store(true, std::sync::atomic::Ordering::SeqCst);
    }
    is_there
}

/// Waits until a key was pressed at the terminal that stdin is, and leaves it to be read; `false`: the person asked us
/// to stop. Ctrl-C stays a signal meanwhile.
#[cfg(unix)]
pub fn wait_for_key() -> bool {
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let stdin = io::stdin();
    let Ok(modes) = tcgetattr(stdin.as_fd()) else { return wait_for_line() };
    let mut by_key = modes.clone();
    by_key.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    by_key.special_codes[SpecialCodeIndex::VMIN] = 1;
    by_key.special_codes[SpecialCodeIndex::VTIME] = 0;
    let _ = tcsetattr(stdin.as_fd(), OptionalActions::Drain, &by_key);
    let is_there = wait_for_line();
    let _ = tcsetattr(stdin.as_fd(), OptionalActions::Drain, &modes);
    is_there
}

/// Reads a line that the terminal does not show as it is typed; `ask` is called once it shows nothing any more. `None`: the
/// input ended, or the person asked us to stop.
#[cfg(unix)]
pub fn hidden_line(ask: impl FnOnce()) -> Option<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = io::stdin();
    let modes = tcgetattr(stdin.as_fd()).ok()?;
    let mut hidden = modes.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(stdin.as_fd(), OptionalActions::Drain, &hidden).ok()?;
    ask();
    let is_there = wait_for_line();
    let mut line = String::new();
    let n_read = if is_there { stdin.read_line(&mut line).unwrap_or(0) } else { 0 };
    let _ = tcsetattr(stdin.as_fd(), OptionalActions::Drain, &modes);
    (n_read > 0).then_some(line)
}

/// Reads a line that the console does not show as it is typed.
#[cfg(windows)]
pub fn hidden_line(ask: impl FnOnce()) -> Option<String> {
    ask();
    console::Term::stderr().read_secure_line().ok()
}

/// Returns at once: the console is asked for the key.
#[cfg(windows)]
pub fn wait_for_key() -> bool {
    wait_for_line()
}

/// Returns stdout, unbuffered.
pub fn stdout() -> Box<dyn Write + Send> {
    #[cfg(unix)]
    if let Ok(descriptor) = io::stdout().as_fd().try_clone_to_owned() {
        return Box::new(Output::new(File::from(descriptor)));
    }
    Box::new(io::stdout())
}

/// Returns stderr, unbuffered.
pub fn stderr() -> Box<dyn Write + Send> {
    #[cfg(unix)]
    if let Ok(descriptor) = io::stderr().as_fd().try_clone_to_owned() {
        return Box::new(Output::new(File::from(descriptor)));
    }
    Box::new(io::stderr())
}

/// A pipe, terminal or file to write to.
#[cfg(unix)]
struct Output {
    file: File,
    /// A regular file is always ready.
    can_block: bool,
}

/// Bytes that a ready pipe takes without blocking.
#[cfg(unix)]
const PIPE_BYTES: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

#[cfg(unix)]
impl Output {
    fn new(file: File) -> Output {
        let can_block = !file.metadata().is_ok_and(|metadata| metadata.is_file());
        Output { file, can_block }
    }
}

#[cfg(unix)]
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.can_block {
            return self.file.write(bytes);
        }
        wait(self.file.as_fd(), Side::Write)?;
        self.file.write(&bytes[..bytes.len().min(PIPE_BYTES)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(unix)]
#[derive(Clone, Copy)]
enum Side {
    Read,
    Write,
}

/// Waits until the other side is ready or gone; an error: the person asked us to stop meanwhile.
#[cfg(unix)]
fn wait(descriptor: BorrowedFd<'_>, side: Side) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    const STEP: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    loop {
        let flags = match side {
            Side::Read => PollFlags::IN,
            Side::Write => PollFlags::OUT,
        };
        match poll(&mut [PollFd::from_borrowed_fd(descriptor, flags)], Some(&STEP)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            // What cannot be waited for is tried.
            Ok(_) | Err(_) => return Ok(()),
        }
        if requested() {
            return Err(stopped());
        }
    }
}
