//! What every test of the built program stands on: a private world to run it in.
//!
//! A [`World`] has a folder, a home and a database of its own, a cleared environment, a clock that only pauses move (they
//! last no time), and a sandbox in this process as its provider. A run that does not end as expected fails the test and
//! prints the command, its status, both outputs and the folder, which then stays.

pub(crate) mod random;
mod transcript;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gleaner::door::config::Config;
use gleaner::door::model::{Entity, EntityId};
use gleaner::door::sandbox::{Dictionary, Journal, Keyword, Options, Pace, Sandbox, Script};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

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
    transcript: RefCell<Transcript>,
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
        World { folder: Some(folder), db, sandbox, vars, n_commands: AtomicU32::new(0), transcript: RefCell::default() }
    }

    /// Makes a world with `n` groups `g1`, `g2`, … (the last is the newest) and a small catalog.
    pub(crate) fn with_groups(n: usize) -> World {
        let world = World::new();
        world.load_groups(&(1..=n).map(group).collect::<Vec<_>>());
        world.load_entities(&catalog());
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
        self.transcript.borrow_mut().add(args, &ran);
        ran
    }

    /// Compares all that the commands run so far printed, said and returned with the test's file; see [`transcript`].
    #[track_caller]
    pub(crate) fn is_as_it_was_read(&self) {
        self.transcript.borrow().compare(&self.path(""), &self.sandbox.base_url());
    }

    /// Runs the program with these bytes as stdin.
    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &str) -> Ran {
        let path = self.write(&format!("stdin{}", self.n_commands.load(Ordering::Relaxed)), stdin);
        let ran = self.start_with(args, Some(&path)).end();
        self.transcript.borrow_mut().add(args, &ran);
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
        if thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            // Kept for whoever looks into the failure; its path was printed.
            let _ = folder.keep();
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

/// A program that runs.
pub(crate) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
    what: String,
}

impl Running {
    /// Waits until a file appears, such as one that the sandbox announces a stage with.
    #[track_caller]
    pub(crate) fn until(&mut self, path: &Path) {
        let end = Instant::now() + PATIENCE;
        while !path.exists() {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                panic!("it ended before `{}` appeared\n{}", path.display(), self.report(Some(status)));
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("`{}` never appeared\n{}", path.display(), self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until it has said something on stderr.
    #[track_caller]
    pub(crate) fn until_it_says(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !fs::read_to_string(&self.err).is_ok_and(|said| said.contains(text)) {
            if self.has_ended() || Instant::now() > end {
                let _ = self.child.kill();
                panic!("it never said `{text}`\n{}", self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Returns whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the program can be waited for").is_some()
    }

    /// Kills it (SIGKILL on Unix): no handler runs, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the program runs");
        self.child.wait().expect("the program can be waited for");
    }

    /// Returns what it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Returns its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("it hangs\n{}", self.report(None));
            }
            thread::sleep(Duration::from_millis(2));
        };
        let what = self.report(Some(status));
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        Ran { code: status.code(), stdout: read(&self.out), stderr: read(&self.err), what }
    }

    fn report(&self, status: Option<ExitStatus>) -> String {
        let read = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let status = status.map_or("still running".to_owned(), |status| status.to_string());
        format!("{}\n{status}\n--- stdout\n{}--- stderr\n{}---", self.what, read(&self.out), read(&self.err))
    }
}

/// A program that has run.
pub(crate) struct Ran {
    /// Its exit code; `None`: ended by a signal.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
    what: String,
}

impl Ran {
    /// Expects an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert!(self.code == Some(code), "expected exit code {code}\n{}", self.what);
        self
    }

    /// Expects a text in what was printed or said.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ran {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "expected `{text}`\n{}", self.what);
        self
    }

    /// Expects that a text is neither printed nor said.
    #[track_caller]
    pub(crate) fn says_not(self, text: &str) -> Ran {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "did not expect `{text}`\n{}", self.what);
        self
    }

    /// Returns what was printed as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.what))
    }

    /// Returns command, status and outputs, for a test's own message.
    pub(crate) fn report(&self) -> &str {
        &self.what
    }
}

/// Group number `n`, `g<n>`: one short story about the moon or about trade, with names of the catalog.
pub(crate) fn group(n: usize) -> Value {
    let (day, month) = (n % 28 + 1, n / 28 % 12 + 1);
    let text = match n % 2 {
        0 => format!("Story {n}: NASA flew to the moon, said Ada Lovelace in Houston."),
        _ => format!("Story {n}: Ada Lovelace sold engines to the European Space Agency on a trade fair."),
    };
    json!({"id": format!("g{n}"), "title": format!("Title {n}"), "created_at": format!("{}-{month:02}-{day:02}", 2000 + n / 336),
        "stories": [{"title": format!("Title {n}"), "text": text}]})
}

/// A catalog of three, whom every group names.
pub(crate) fn catalog() -> Vec<Value> {
    vec![
        json!({"id": "o1", "type": "organization", "name": "NASA"}),
        json!({"id": "o2", "type": "organization", "name": "European Space Agency", "aliases": ["ESA"]}),
        json!({"id": "p1", "type": "person", "name": "Ada Lovelace"}),
    ]
}

fn dictionary() -> Dictionary {
    let entity = |value: Value| Entity {
        id: EntityId::new(value["id"].as_str().expect("an id")),
        entity_type: value["type"].as_str().expect("a type").to_owned(),
        name: value["name"].as_str().expect("a name").to_owned(),
        aliases: vec![],
        attributes: Default::default(),
    };
    let keyword = |topic: &str, word: &str| Keyword { topic: topic.to_owned(), words: vec![word.to_owned()] };
    Dictionary {
        entities: catalog().into_iter().map(entity).collect(),
        keywords: vec![keyword("moon landing", "moon"), keyword("trade", "trade")],
        types: ["organization", "person"].map(|word| (word.to_owned(), word.to_owned())).into(),
    }
}

/// Returns the rows of a query, each as its values with `|` between them; NULL is empty.
#[track_caller]
pub(crate) fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let n_columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Vec<String> = (0..n_columns)
            .map(|i| {
                Ok(match row.get_ref(i)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(n) => n.to_string(),
                    ValueRef::Real(n) => format!("{n:.9}"),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                })
            })
            .collect::<rusqlite::Result<_>>()?;
        Ok(values.join("|"))
    });
    rows.and_then(Iterator::collect).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// What a database holds, table by table, without surrogate keys and without the times of our own looks.
const CONTENT: [(&str, &str); 7] = [
    (
        "topics",
        "SELECT g.external_id, t.topic, t.label, t.merged_from, t.confidence, t.rank, a.fingerprint, b.external_id, t.extracted_at
         FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id JOIN prompts a ON a.id = t.prompt_id
              LEFT JOIN batches b ON b.id = t.batch_id",
    ),
    (
        "entities",
        "SELECT g.external_id, m.ordinal, m.entity_type, m.mention_text, m.hints, e.type, e.external_id, m.outcome,
                m.method, m.score, m.confidence, m.is_primary, m.rank, a.fingerprint, b.external_id, m.extracted_at
         FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id JOIN prompts a ON a.id = m.prompt_id
              LEFT JOIN batches b ON b.id = m.batch_id LEFT JOIN entities e ON e.id = m.entity_id",
    ),
    (
        "current",
        "SELECT g.external_id, c.kind, r.run_id, r.attempt, b.external_id
         FROM current_answers c JOIN story_groups g ON g.id = c.story_group_id JOIN requests r ON r.id = c.request_id
              LEFT JOIN batches b ON b.id = r.batch_id",
    ),
    (
        "requests",
        "SELECT g.external_id, r.kind, a.fingerprint, r.text_hash, r.run_id, b.part, b.external_id, r.sandbox, r.is_comparison,
                r.attempt, r.state, r.reason
         FROM requests r JOIN story_groups g ON g.id = r.story_group_id JOIN prompts a ON a.id = r.prompt_id
              LEFT JOIN batches b ON b.id = r.batch_id",
    ),
    (
        "answers",
        "SELECT g.external_id, r.kind, r.run_id, r.attempt, w.answered_at, w.model, w.response_id, w.text, w.raw,
                w.message, w.is_repaired, w.input_tokens, w.cached_tokens, w.output_tokens, w.reasoning_tokens, w.cost_usd,
                w.sync_cost_usd
         FROM answers w JOIN requests r ON r.id = w.request_id JOIN story_groups g ON g.id = r.story_group_id",
    ),
    (
        "batches",
        "SELECT run_id, part, state, external_id, status, n_groups, n_requests, imported_at IS NULL, n_foreign,
                n_clamped, n_repaired, errors FROM batches",
    ),
    (
        "foreign lines",
        "SELECT b.external_id, f.custom_id, f.line FROM foreign_lines f JOIN batches b ON b.id = f.batch_id",
    ),
];

/// Expects the same content in two databases, line by line.
#[track_caller]
pub(crate) fn same_content(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

/// Returns the content of a database as text.
pub(crate) fn content(db: &Path) -> String {
    let connection = Connection::open(db).expect("the database opens");
    let mut text = String::new();
    for (table, sql) in CONTENT {
        let mut lines = rows(&connection, sql);
        lines.sort();
        text += &format!("== {table}\n{}\n", lines.join("\n"));
    }
    text
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
