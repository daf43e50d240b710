//! What every test of the built program stands on: a private world to run it in.
//!
//! A [`World`] has a folder, a home and a database of its own, a cleared environment, a clock that only pauses move (they
//! last no time), and a sandbox in this process as its provider. A run that does not end as expected fails the test and
//! prints the command, its status, both outputs and the folder, which then stays.

mod content;
pub(crate) mod random;
mod running;
mod stories;
mod transcript;

pub(crate) use content::{content, rows, same_content};
pub(crate) use running::{Ran, Running};
pub(crate) use stories::{catalog, group};

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gleaner::door::config::Config;
use gleaner::door::sandbox::{Journal, Options, Pace, Sandbox, Script};
use rusqlite::Connection;
use serde_json::{Value, json};

use stories::dictionary;
use transcript::Transcript;

/// The time it is at the start of every command.
pub(crate) const CLOCK: &str = "2026-11-02T12:00:00Z";

/// A command that runs longer hangs, and is ended.
const PATIENCE: Duration = Duration::from_secs(240);

/// A private world to run the program in.
pub(crate) struct World {
    folder: Option<tempfile::TempDir>,
    /// The database of its commands.
    pub(crate) db: PathBuf,
    /// The provider.
    pub(crate) sandbox: Sandbox,
    vars: BTreeMap<String, String>,
    n_commands: AtomicU32,
    /// Outputs of its commands; `None`: they are compared otherwise, or depend on timing.
    transcript: RefCell<Option<Transcript>>,
}

impl World {
    /// Makes a world with an empty database and a well-behaved sandbox whose batches end at the second look.
    pub(crate) fn new() -> World {
        let folder = tempfile::Builder::new().prefix("gleaner-test-").tempdir().expect("a folder can be made");
        let sandbox = start_sandbox(&json!({}));
        let home = folder.path().join("home").display().to_string();
        fs::create_dir(&home).expect("a folder can be made");
        let vars = [
            ("HOME", home.as_str()),
            ("USERPROFILE", &home),
            ("XDG_DATA_HOME", &home),
            ("XDG_CONFIG_HOME", &home),
            ("OPENAI_API_KEY", "sk-test"),
            ("OPENAI_BASE_URL", &sandbox.base_url()),
            ("GLEANER_TEST_CLOCK", CLOCK),
            ("GLEANER_TEST_SLEEP_MS", "0"),
        ];
        let mut vars: BTreeMap<_, _> = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        // Without it no socket opens on Windows.
        vars.extend(std::env::var("SystemRoot").map(|root| ("SystemRoot".to_owned(), root)));
        let db = folder.path().join("g.db");
        let transcript = RefCell::new(Some(Transcript::of_next_world()));
        World { folder: Some(folder), db, sandbox, vars, n_commands: AtomicU32::new(0), transcript }
    }

    /// Makes a world with `n` groups `g1`, `g2`, … (the last is the newest) and a small catalog.
    pub(crate) fn with_groups(n: usize) -> World {
        let world = World::new();
        // What it says is the same for every test, so it stands in no transcript.
        let load = |what: &str, name: &str, values: &[Value]| {
            let path = world.write_lines(name, values).display().to_string();
            world.start(&["load", what, &path]).end().exits(0)
        };
        load("groups", "groups.jsonl", &(1..=n).map(group).collect::<Vec<_>>());
        load("entities", "entities.jsonl", &catalog());
        world
    }

    /// Makes a world whose database is a copy of another's.
    pub(crate) fn of(template: &[u8]) -> World {
        let world = World::new();
        fs::write(&world.db, template).expect("the folder is writable");
        world
    }

    /// Returns the path of a file in the world's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.as_ref().expect("the folder stays as long as the world").path().join(name)
    }

    /// Writes a file into the world's folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder can be made");
        fs::write(&path, text).expect("the folder is writable");
        path
    }

    /// Writes values as JSON Lines into the world's folder.
    pub(crate) fn write_lines(&self, name: &str, values: &[Value]) -> PathBuf {
        self.write(name, &values.iter().map(|value| format!("{value}\n")).collect::<String>())
    }

    /// Loads groups into the database.
    #[track_caller]
    pub(crate) fn load_groups(&self, groups: &[Value]) {
        let path = self.write_lines("groups.jsonl", groups);
        self.run(&["load", "groups", &path.display().to_string()]).exits(0);
    }

    /// Loads entities into the database.
    #[track_caller]
    pub(crate) fn load_entities(&self, entities: &[Value]) {
        let path = self.write_lines("entities.jsonl", entities);
        self.run(&["load", "entities", &path.display().to_string()]).exits(0);
    }

    /// Replaces the sandbox's script; batches already made keep theirs.
    pub(crate) fn script(&self, script: &Value) {
        self.sandbox.load(Script::parse(&script.to_string()).expect("the test's script fits"));
    }

    /// Returns what was asked of the sandbox so far.
    pub(crate) fn journal(&self) -> Journal {
        self.sandbox.journal()
    }

    /// Waits until the provider has done all that it was asked, whoever waits for the answer.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let end = Instant::now() + PATIENCE;
        while !self.sandbox.is_idle() {
            assert!(Instant::now() < end, "a call is never done");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the provider has had so many calls, or the program has ended.
    #[track_caller]
    pub(crate) fn until_called(&self, n_calls: u64, running: &mut Running) {
        let end = Instant::now() + PATIENCE;
        while self.sandbox.n_calls() < n_calls && !running.has_ended() {
            assert!(Instant::now() < end, "it never made call {n_calls}\n{}", running.report(None));
            thread::yield_now();
        }
    }

    /// Sets a variable for all commands to come.
    pub(crate) fn set_var(&mut self, name: &str, value: &str) {
        self.vars.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable from all commands to come.
    pub(crate) fn unset_var(&mut self, name: &str) {
        self.vars.remove(name);
    }

    /// Runs the program on the world's database to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let ran = self.start(args).end();
        if let Some(transcript) = self.transcript.borrow_mut().as_mut() {
            transcript.add(args, &ran);
        }
        ran
    }

    /// Adds what a terminal showed of a command to the test's transcript.
    pub(crate) fn has_shown(&self, args: &[&str], shown: &str, code: Option<i32>) {
        if let Some(transcript) = self.transcript.borrow_mut().as_mut() {
            transcript.add_shown(args, shown, code);
        }
    }

    /// Leaves the outputs of this world's commands out of the test's transcript.
    pub(crate) fn has_no_transcript(&self, _why: &str) {
        self.transcript.take();
    }

    /// Runs the program with these bytes as stdin.
    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Ran {
        let path = self.path(&format!("stdin{}", self.n_commands.load(Ordering::Relaxed)));
        fs::write(&path, stdin).expect("the folder is writable");
        let ran = self.start_with(args, Some(&path)).end();
        if let Some(transcript) = self.transcript.borrow_mut().as_mut() {
            transcript.add(args, &ran);
        }
        ran
    }

    /// Runs the program with `--json` and returns what it printed; it must end with this code.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str], code: i32) -> Value {
        let ran = self.run(&[args, &["--json"]].concat());
        ran.exits(code).json()
    }

    /// Starts the program on the world's database.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, None)
    }

    fn start_with(&self, args: &[&str], stdin: Option<&Path>) -> Running {
        let n = self.n_commands.fetch_add(1, Ordering::Relaxed);
        let [out, err] = ["out", "err"].map(|name| self.path(&format!("std{name}{n}")));
        let mut command = self.command(args);
        command.stdin(match stdin {
            Some(path) => File::open(path).expect("it was just written").into(),
            None => Stdio::null(),
        });
        command.stdout(File::create(&out).expect("the folder is writable"));
        command.stderr(File::create(&err).expect("the folder is writable"));
        let child = command.spawn().expect("the program was built");
        Running { child, out, err, what: format!("gleaner {}\nin {}", args.join(" "), self.path("").display()) }
    }

    /// Returns the command that would run the program, its streams not redirected yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
        command.env_clear().envs(&self.vars).env("GLEANER_DB", &self.db).args(args);
        command.current_dir(self.path(""));
        command
    }

    /// Opens the database.
    pub(crate) fn sql(&self) -> Connection {
        Connection::open(&self.db).expect("the database opens")
    }

    /// Returns the rows of a query, each as its values with `|` between them; NULL is empty.
    #[track_caller]
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.sql(), sql)
    }

    /// Returns the number that a query counts.
    #[track_caller]
    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Returns all that was learned, asked and paid as text, without surrogate keys: equal text, equal content.
    pub(crate) fn content(&self) -> String {
        content(&self.db)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if thread::panicking() {
            // Kept for whoever looks into the failure; its path was printed.
            let _ = self.folder.take().map(tempfile::TempDir::keep);
        } else if let Some(transcript) = self.transcript.take() {
            transcript.compare(&self.path(""), &self.sandbox.base_url());
        }
    }
}

/// Starts a sandbox of its own, another provider.
pub(crate) fn start_sandbox(script: &Value) -> Sandbox {
    let script = Script::parse(&script.to_string()).expect("the test's script fits");
    let config = Config::from_vars([("GLEANER_TEST_CLOCK".to_owned(), CLOCK.to_owned())].into());
    let options = Options { script, pace: Pace::Polls(2), dictionary: dictionary(), ..Options::default() };
    Sandbox::start(&config.expect("the clock is a time"), &options).expect("a port is free")
}

/// The signal of Ctrl-C, as an option of `kill`.
pub fn interrupt() -> &'static str {
    if is_ignored(2) { "-TERM" } else { "-INT" }
}

/// The signal of a terminal that closes, as an option of `kill`.
pub fn hang_up() -> &'static str {
    if is_ignored(1) { "-TERM" } else { "-HUP" }
}

/// Returns whether this process, and so each that it starts, was told to ignore a signal: a shell does so with what runs in its
/// background, `nohup` with a terminal's end. Such a signal cannot be heard, and the one that ends a process is sent.
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}
