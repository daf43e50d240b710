//! The only reader of environment, configuration file, home directory and clock.
//!
//! Everything is read once, into a [`Config`], which is passed down. Nothing else asks the process.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::error::{Explain as _, usage};
use crate::interrupt;
use crate::text::bounded;

/// Time that the provider's list is searched for a batch whose creation had no clear outcome. The contract knows no
/// bound; peers saw a batch appear within seconds, and three minutes cost nothing compared with buying twice.
const ADOPT_WAIT: Duration = Duration::from_secs(180);

/// The estimate in USD above which a terminal is asked before anything is sent.
const ASK_ABOVE_USD: f64 = 5.0;

/// The most that is read of a table of prices; the program's own has 20 kB.
const PRICES_BYTES_MAX: u64 = 1 << 20;

/// Surroundings of the program: environment, directories, clock.
#[derive(Clone)]
pub struct Config {
    vars: BTreeMap<String, OsString>,
    clock: Option<Timestamp>,
    sleep_max: Option<Duration>,
    adopt_wait: Option<Duration>,
    busy_timeout: Option<Duration>,
    /// Seconds of all pauses so far: a fixed clock moves on with them, as if they had lasted.
    paused_secs: Arc<AtomicU64>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// For tests four variables fix what would otherwise differ from run to run: `GLEANER_TEST_CLOCK` (the time it is;
    /// pauses alone move it on), `GLEANER_TEST_SLEEP_MS` (the longest any pause really lasts; then there is no search
    /// for what was made unnoticed beyond a first look), `GLEANER_TEST_ADOPT_WAIT` (its seconds all the same) and
    /// `GLEANER_TEST_BUSY_MS` (the longest that SQLite waits for a database that is locked).
    pub fn from_process() -> anyhow::Result<Self> {
        Self::from_os_vars(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))))
    }

    /// Builds a configuration from the given variables alone.
    pub fn from_vars(vars: BTreeMap<String, String>) -> anyhow::Result<Self> {
        Self::from_os_vars(vars.into_iter().map(|(name, value)| (name, value.into())))
    }

    fn from_os_vars(vars: impl Iterator<Item = (String, OsString)>) -> anyhow::Result<Self> {
        let vars: BTreeMap<_, _> = vars.collect();
        // A variable that is ours and no text would be as if it were not set: another database, no key, no limit.
        let is_ours = |name: &str| OURS.iter().any(|prefix| name.starts_with(prefix)) && name != "GLEANER_DB";
        if let Some((name, _)) = vars.iter().find(|(name, value)| is_ours(name) && value.to_str().is_none()) {
            return Err(usage(format!("`{name}` is not UTF-8")));
        }
        let mut config = Self {
            vars,
            clock: None,
            sleep_max: None,
            adopt_wait: None,
            busy_timeout: None,
            paused_secs: Arc::default(),
        };
        config.clock = config
            .var("GLEANER_TEST_CLOCK")
            .map(|text| text.parse().with_context(|| format!("`GLEANER_TEST_CLOCK` is not a time: `{text}`")))
            .transpose()?;
        config.sleep_max = config.number("GLEANER_TEST_SLEEP_MS")?.map(Duration::from_millis);
        config.adopt_wait = config.number("GLEANER_TEST_ADOPT_WAIT")?.map(Duration::from_secs);
        config.busy_timeout = config.number("GLEANER_TEST_BUSY_MS")?.map(Duration::from_millis);
        Ok(config)
    }

    /// Returns the value of a variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.var_os(name)?.to_str()
    }

    /// Returns the value of a variable that may be a path of any bytes.
    fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the same surroundings with one variable set; for a command that brings its own provider.
    pub fn with_var(&self, name: &str, value: &str) -> Self {
        let mut config = self.clone();
        config.vars.insert(name.into(), value.into());
        config
    }

    fn number(&self, name: &str) -> anyhow::Result<Option<u64>> {
        self.var(name)
            .map(|text| text.trim().parse().map_err(|_| usage(format!("`{name}` is not a whole number: `{text}`"))))
            .transpose()
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        match self.clock {
            Some(clock) => clock + Duration::from_secs(self.paused_secs.load(Ordering::Relaxed)),
            None => Timestamp::now(),
        }
    }

    /// Returns the time as it is stored: UTC, ISO 8601, whole seconds.
    pub fn now_text(&self) -> String {
        timestamp_text(self.now())
    }

    /// Waits, or returns the error to stop with when interrupted.
    pub fn pause(&self, duration: Duration) -> anyhow::Result<()> {
        self.paused_secs.fetch_add(duration.as_secs(), Ordering::Relaxed);
        interrupt::sleep(self.sleep_max.map_or(duration, |max| duration.min(max)))
    }

    /// Returns how long to search for a batch that may or may not have been made; none where pauses are cut short.
    pub fn adopt_wait(&self) -> Duration {
        self.adopt_wait.unwrap_or(if self.sleep_max.is_some() { Duration::ZERO } else { ADOPT_WAIT })
    }

    /// Returns how long SQLite waits for a database that is locked, where that is not as usual.
    pub fn busy_timeout(&self) -> Option<Duration> {
        self.busy_timeout
    }

    /// Returns the database to use: what was typed, else `GLEANER_DB`, else one in the user's data directory.
    pub fn db_path(&self, typed: Option<&Path>) -> anyhow::Result<PathBuf> {
        if let Some(path) = typed {
            return plain_path("--db", path);
        }
        if let Some(path) = self.var_os("GLEANER_DB") {
            return plain_path("GLEANER_DB", Path::new(path));
        }
        let data = dirs::data_dir()
            .context("this account has no data directory")
            .hint("name a database with `--db PATH` or the variable `GLEANER_DB`")?;
        Ok(data.join("gleaner").join("gleaner.db"))
    }

    /// Returns the user's own table of prices, as text with its path: `GLEANER_PRICES`, else `gleaner/prices.toml` in
    /// the user's configuration directory where there is one.
    pub fn own_prices(&self) -> anyhow::Result<Option<(PathBuf, String)>> {
        let path = match self.var("GLEANER_PRICES") {
            Some(path) => PathBuf::from(path),
            None => match dirs::config_dir().map(|folder| folder.join("gleaner").join("prices.toml")) {
                Some(path) if path.exists() => path,
                _ => return Ok(None),
            },
        };
        let text = File::open(&path).and_then(|file| bounded::read_text(file, PRICES_BYTES_MAX));
        let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Some((path, text)))
    }

    /// Returns the base URL of the provider without a slash at its end, where it is said.
    pub fn base_url(&self, typed: Option<&str>) -> Option<String> {
        typed.or(self.var("OPENAI_BASE_URL")).map(|url| url.trim().trim_end_matches('/').to_owned())
    }

    /// Returns the provider's key. It is never stored or printed.
    pub fn api_key(&self) -> Option<&str> {
        self.var("OPENAI_API_KEY").map(str::trim)
    }

    /// Returns the organization to act for, where the account has several.
    pub fn organization(&self) -> Option<&str> {
        self.var("OPENAI_ORG_ID")
    }

    /// Returns the project to act for.
    pub fn project(&self) -> Option<&str> {
        self.var("OPENAI_PROJECT_ID")
    }

    /// Returns the estimate in USD above which a terminal is asked before anything is sent; `None`: never,
    /// `GLEANER_YES` has said yes.
    pub fn ask_above_usd(&self) -> anyhow::Result<Option<f64>> {
        match self.var("GLEANER_YES").map(str::trim) {
            None | Some("0") => Ok(Some(ASK_ABOVE_USD)),
            Some("1") => Ok(None),
            Some(text) => Err(usage(format!("`GLEANER_YES` must be 1 or 0, not `{text}`"))),
        }
    }

    /// Returns the most topics a group may have, where the environment says so.
    pub fn max_topics(&self) -> anyhow::Result<Option<u32>> {
        self.limit("MAX_TOPICS_PER_GROUP")
    }

    /// Returns the most entities a group may have, where the environment says so.
    pub fn max_entities(&self) -> anyhow::Result<Option<u32>> {
        self.limit("MAX_ENTITIES_PER_GROUP")
    }

    fn limit(&self, name: &str) -> anyhow::Result<Option<u32>> {
        match self.number(name)? {
            None => Ok(None),
            Some(n @ 1..=100) => Ok(Some(n as u32)),
            Some(n) => Err(usage(format!("`{name}` must be 1 to 100, not {n}"))),
        }
    }
}

/// Variables that mean something to us begin so.
const OURS: [&str; 5] = ["GLEANER_", "OPENAI_", "MAX_TOPICS_PER_GROUP", "MAX_ENTITIES_PER_GROUP", "SSL_CERT_FILE"];

/// Refuses what SQLite would not take for a file: it gives `:memory:` and `file:` URIs a meaning of their own, and all
/// that was bought would be gone with the process.
fn plain_path(named_by: &str, path: &Path) -> anyhow::Result<PathBuf> {
    let text = path.as_os_str().as_encoded_bytes();
    if text.is_empty()
        || text.starts_with(b":memory:")
        || text.get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"file:"))
    {
        return Err(usage(format!("`{named_by}` names no file: `{}`", path.display())))
            .hint("name the database by its path; `./` before it makes a path of any name");
    }
    Ok(path.to_owned())
}

impl fmt::Debug for Config {
    /// Shows which variables are set and no value: keys are among them, and proxies carry passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.vars.keys().collect();
        f.debug_struct("Config").field("vars", &names).field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// Writes a time as it is stored: UTC, ISO 8601, whole seconds.
pub fn timestamp_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a provider's Unix time as it is stored.
pub fn unix_text(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(timestamp_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Config {
        Config::from_vars(vars.iter().map(|&(k, v)| (k.into(), v.into())).collect()).unwrap()
    }

    #[test]
    fn what_is_typed_wins_over_the_environment() {
        let c = config(&[("GLEANER_DB", "/tmp/a.db"), ("OPENAI_BASE_URL", "http://localhost:8080/v1/")]);
        assert_eq!(c.db_path(None).unwrap(), Path::new("/tmp/a.db"));
        assert_eq!(c.db_path(Some(Path::new("b.db"))).unwrap(), Path::new("b.db"));
        assert_eq!(c.base_url(None).as_deref(), Some("http://localhost:8080/v1"));
        assert_eq!(c.base_url(Some("http://h/v1")).as_deref(), Some("http://h/v1"));
        assert_eq!(config(&[]).base_url(None), None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", ":memory:", "file:a.db", "FILE:a.db?mode=memory", "file::memory:"] {
            assert!(config(&[]).db_path(Some(Path::new(path))).is_err(), "{path}");
        }
        for path in [":memory:x", "file:a.db"] {
            assert!(config(&[("GLEANER_DB", path)]).db_path(None).is_err(), "{path}");
        }
        for path in ["./:memory:", "./file:a.db", "a/file:b", "file", "C:\\a.db"] {
            assert_eq!(config(&[]).db_path(Some(Path::new(path))).unwrap(), Path::new(path));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_database_may_have_a_name_of_any_bytes_and_nothing_else() {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = OsString::from_vec(b"/tmp/caf\xe9.db".to_vec());
        let with = |name: &str| Config::from_os_vars([(name.to_owned(), odd.clone())].into_iter());
        assert_eq!(with("GLEANER_DB").unwrap().db_path(None).unwrap(), Path::new(&odd));
        assert_eq!(with("OPENAI_API_KEY").unwrap_err().to_string(), "`OPENAI_API_KEY` is not UTF-8");
        assert!(with("SOMETHING_ELSE").is_ok());
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?}", config(&[("OPENAI_API_KEY", "sk-secret"), ("HTTPS_PROXY", "http://a:pass@b")]));
        assert!(shown.contains("OPENAI_API_KEY") && !shown.contains("sk-secret") && !shown.contains("pass"), "{shown}");
    }

    #[test]
    fn limits_out_of_range_are_wrong_usage() {
        assert_eq!(config(&[("MAX_TOPICS_PER_GROUP", "5")]).max_topics().unwrap(), Some(5));
        assert!(config(&[("MAX_TOPICS_PER_GROUP", "0")]).max_topics().is_err());
        assert!(config(&[("MAX_ENTITIES_PER_GROUP", "many")]).max_entities().is_err());
    }

    #[test]
    fn the_clock_can_be_fixed() {
        let c = config(&[("GLEANER_TEST_CLOCK", "2026-01-02T03:04:05Z"), ("GLEANER_TEST_SLEEP_MS", "0")]);
        assert_eq!(c.now_text(), "2026-01-02T03:04:05Z");
        c.pause(Duration::from_secs(60)).unwrap();
        assert_eq!(c.now_text(), "2026-01-02T03:05:05Z", "as if the pause had lasted");
        assert_eq!(unix_text(0).as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}
