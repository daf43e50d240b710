//! The only reader of environment, configuration file, home directory and clock.
//!
//! Everything is read once, into a [`Config`], which is passed down. Nothing else asks the process. What is typed wins over
//! a variable, a variable over a file of variables and the configuration file, and these over what the program does by
//! itself.

mod env_file;
mod file;
mod key_file;
mod setting;

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

use crate::error::{Exit, Explain as _, usage};
use crate::interrupt;
use crate::text::bounded;

pub use file::{ConfigFile, explain_near, make_folder};
pub use key_file::{KeyFile, shown as shown_key};
pub use setting::Setting;

/// Time that the provider's list is searched for a batch whose creation had no clear outcome. The contract knows no
/// bound; peers saw a batch appear within seconds, and three minutes cost nothing compared with buying twice.
const ADOPT_WAIT: Duration = Duration::from_secs(180);

/// Place that a setting's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingSource {
    Option,
    Variable,
    File,
    Default,
}

impl SettingSource {
    /// Returns its one word for programs.
    pub fn word(self) -> &'static str {
        match self {
            SettingSource::Option => "option",
            SettingSource::Variable => "environment",
            SettingSource::File => "file",
            SettingSource::Default => "default",
        }
    }
}

/// A limit of what may be spent, with the words it is named by in messages.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendLimit {
    /// The sum in USD.
    pub usd: f64,
    /// Name as it stands in messages.
    pub named: String,
    /// True where it was typed with the command.
    pub is_typed: bool,
}

/// The estimate in USD above which a terminal is asked before anything is sent.
const ASK_ABOVE_USD: f64 = 5.0;

/// Seconds between two looks at a batch.
const POLL_INTERVAL_SECS: f64 = 60.0;

/// Name of the file of keys, in the folder of our own files.
const KEY_FILE: &str = "keys.toml";

/// The most that is read of a table of prices or a file of variables; the program's own table has 20 kB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Surroundings of the program: environment, configuration file, directories, clock.
#[derive(Clone)]
pub struct Config {
    vars: BTreeMap<String, OsString>,
    file: Option<ConfigFile>,
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
    ///
    /// A file of variables, where one is named, says what the environment itself does not.
    pub fn from_process(env_file: Option<&Path>) -> anyhow::Result<Self> {
        let own = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let Some(path) = env_file else { return Self::from_os_vars(own) };
        let text = File::open(path).and_then(|file| bounded::read_text(file, FILE_BYTES_MAX));
        let text = text.with_context(|| format!("cannot read `{}`", path.display())).exit(Exit::Usage)?;
        let mut vars: BTreeMap<String, OsString> = BTreeMap::new();
        vars.extend(env_file::parse(&text, &path.display().to_string())?.into_iter().map(|(n, v)| (n, v.into())));
        vars.extend(own);
        Self::from_os_vars(vars.into_iter())
    }

    /// Returns the same surroundings with the configuration file that is typed, named by `GLEANER_CONFIG`, or in the
    /// user's configuration directory. One that is named must be there.
    pub fn with_file(mut self, typed: Option<&Path>) -> anyhow::Result<Self> {
        let Some((path, is_named)) = self.file_path(typed) else { return Ok(self) };
        self.file = ConfigFile::read(&path)?;
        if self.file.is_none() && is_named {
            return Err(usage(format!("the configuration file `{}` is not there", path.display())))
                .hint("`gleaner config set KEY VALUE` makes it");
        }
        Ok(self)
    }

    /// Returns the path of the configuration file, and whether it was named rather than being where it is looked for;
    /// `None`: this account has no directory for it.
    pub fn file_path(&self, typed: Option<&Path>) -> Option<(PathBuf, bool)> {
        if let Some(path) = typed.or(self.var_os("GLEANER_CONFIG").map(Path::new)) {
            return Some((path.to_owned(), true));
        }
        Some((own_folder()?.join("config.toml"), false))
    }

    /// Returns the configuration file that was read, where there is one.
    pub fn file(&self) -> Option<&ConfigFile> {
        self.file.as_ref()
    }

    /// Returns the value of a setting that the environment or the configuration file says.
    pub fn said(&self, setting: Setting) -> anyhow::Result<Option<(String, SettingSource)>> {
        if let Some(value) = self.var_os(setting.variable()) {
            let text = value.to_string_lossy().trim().to_owned();
            if let Some(expected) = setting.mismatch(&text) {
                return Err(usage(format!("`{}` must be {expected}, not `{text}`", setting.variable())));
            }
            return Ok(Some((text, SettingSource::Variable)));
        }
        let kept = self.file.as_ref().and_then(|file| file.values.get(&setting));
        Ok(kept.map(|value| (value.clone(), SettingSource::File)))
    }

    /// Returns the number that a setting says, with its origin.
    fn said_number(&self, setting: Setting) -> anyhow::Result<Option<(f64, SettingSource)>> {
        let said = self.said(setting)?;
        Ok(said.and_then(|(text, source)| Some((text.parse().ok()?, source))))
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
            file: None,
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

    /// Returns the database to use: what was typed, else `GLEANER_DB`, else that of the configuration file, else one in
    /// the user's data directory.
    pub fn db_path(&self, typed: Option<&Path>) -> anyhow::Result<PathBuf> {
        if let Some(path) = typed {
            return plain_path("--db", path);
        }
        if let Some(path) = self.var_os("GLEANER_DB") {
            return plain_path("GLEANER_DB", Path::new(path));
        }
        if let Some(path) = self.file.as_ref().and_then(|file| file.values.get(&Setting::Database)) {
            return plain_path("database", Path::new(path));
        }
        let data = dirs::data_dir()
            .context("this account has no data directory")
            .hint("name a database with `--db PATH` or the variable `GLEANER_DB`")?;
        Ok(data.join("gleaner").join("gleaner.db"))
    }

    /// Returns the path of the user's own table of prices: what is said, else `gleaner/prices.toml` in the user's
    /// configuration directory where there is one.
    pub fn prices_path(&self) -> anyhow::Result<Option<(PathBuf, SettingSource)>> {
        if let Some((path, source)) = self.said(Setting::Prices)? {
            return Ok(Some((path.into(), source)));
        }
        let own = own_folder().map(|folder| folder.join("prices.toml"));
        Ok(own.filter(|path| path.exists()).map(|path| (path, SettingSource::Default)))
    }

    /// Returns the user's own table of prices, as text with its path.
    pub fn own_prices(&self) -> anyhow::Result<Option<(PathBuf, String)>> {
        let Some((path, _)) = self.prices_path()? else { return Ok(None) };
        let text = File::open(&path).and_then(|file| bounded::read_text(file, FILE_BYTES_MAX));
        let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Some((path, text)))
    }

    /// Returns the base URL of the provider without a slash at its end, where it is said.
    pub fn base_url(&self, typed: Option<&str>) -> anyhow::Result<Option<String>> {
        let said = match typed {
            Some(typed) => Some(typed.to_owned()),
            None => self.said(Setting::BaseUrl)?.map(|(url, _)| url),
        };
        Ok(said.map(|url| url.trim().trim_end_matches('/').to_owned()))
    }

    /// Returns the seconds between two looks at a batch.
    pub fn poll_interval_secs(&self, typed: Option<f64>) -> anyhow::Result<f64> {
        Ok(match typed {
            Some(seconds) => seconds,
            None => self.said_number(Setting::PollInterval)?.map_or(POLL_INTERVAL_SECS, |(seconds, _)| seconds),
        })
    }

    /// Returns the most that one command may spend, where it is said.
    pub fn max_cost(&self) -> anyhow::Result<Option<SpendLimit>> {
        self.spend_limit(Setting::MaxCost)
    }

    /// Returns the most that may be spent in a month, where it is said.
    pub fn max_cost_month(&self) -> anyhow::Result<Option<SpendLimit>> {
        self.spend_limit(Setting::MaxCostMonth)
    }

    fn spend_limit(&self, setting: Setting) -> anyhow::Result<Option<SpendLimit>> {
        Ok(self.said_number(setting)?.map(|(usd, source)| {
            let name = if source == SettingSource::Variable { setting.variable() } else { setting.name() };
            SpendLimit { usd, named: format!("`{name}` = {usd}"), is_typed: false }
        }))
    }

    /// Returns the profile of databases yet to be made, where it is said.
    pub fn new_profile(&self) -> anyhow::Result<Option<String>> {
        Ok(self.said(Setting::Profile)?.map(|(name, _)| name))
    }

    /// Returns the folder that a path in the configuration file is relative to, where the setting comes from there.
    pub fn folder_of(&self, setting: Setting) -> Option<&Path> {
        match self.said(setting) {
            Ok(Some((_, SettingSource::File))) => self.file.as_ref()?.path.parent(),
            _ => None,
        }
    }

    /// Returns the key that is kept for a host, where one was asked to be kept.
    pub fn kept_key(&self, host: &str) -> anyhow::Result<Option<String>> {
        let Some(folder) = own_folder() else { return Ok(None) };
        Ok(KeyFile::open(folder.join(KEY_FILE))?.get(host).map(str::to_owned))
    }

    /// Returns the file of keys that were asked to be kept.
    pub fn key_file(&self) -> anyhow::Result<KeyFile> {
        let folder = own_folder()
            .context("this account has no configuration directory")
            .hint("set the key in `OPENAI_API_KEY`")?;
        KeyFile::open(folder.join(KEY_FILE))
    }

    /// Returns the provider's key that the environment holds. It wins over one that is kept in a file.
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
            None | Some("0") => Ok(Some(self.said_number(Setting::AskAbove)?.map_or(ASK_ABOVE_USD, |(usd, _)| usd))),
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

/// Returns the folder of our own files in the user's configuration directory.
fn own_folder() -> Option<PathBuf> {
    Some(dirs::config_dir()?.join("gleaner"))
}

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
mod tests;
