//! The surroundings of a command: environment, clock, terminal, global options, and what they open.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::batch::budget::{Asking, Terms};
use crate::cli::explore::GroundingArgs;
use crate::cli::spend::SpendArgs;
use crate::command::input;
use crate::config::{Config, Setting, SpendLimit};
use crate::error::{Exit, Explain as _, not_found, usage};
use crate::profile::Profile;
use crate::request::{Price, Prices};
use crate::session::{Session, api_failure, table_of_prices};
use crate::store::{Pages, Read, Rehearsed, Store, active_profile};
use crate::terminal::Terminal;
use crate::terminal::words::{count, count_verb, dollars};
use crate::text::private;
use crate::{interrupt, provider};

/// Context of every command: the surroundings, the terminal, and the global options.
pub struct Context {
    /// Environment and clock.
    pub config: Config,
    /// Terminal on which everything is said.
    pub terminal: Terminal,
    /// `--db`, as typed.
    pub db: Option<PathBuf>,
    /// `--base-url`, as typed.
    pub base_url: Option<String>,
    /// `--config`, as typed.
    pub config_file: Option<PathBuf>,
    /// `--color`, as typed.
    pub color: Option<&'static str>,
    /// `--log`, as typed: where each call of the provider is written down.
    pub log: Option<PathBuf>,
    /// `--rehearsal`: what a sandbox answered is shown beside real answers too.
    pub rehearsal: bool,
}

impl Context {
    /// Returns the path of the database.
    pub fn db_path(&self) -> anyhow::Result<PathBuf> {
        self.config.db_path(self.db.as_deref())
    }

    /// Finds out before any work whether the log of calls can be written.
    pub fn check_log(&self) -> anyhow::Result<()> {
        self.log.as_deref().map_or(Ok(()), |path| open_log(path).map(drop))
    }

    /// Opens the database, which must exist.
    pub fn open(&self) -> anyhow::Result<Store> {
        Store::open(&self.db_path()?)
    }

    /// Opens the database for those who read what was learned. What a sandbox answered is left out, and counted, once there
    /// is a real answer; before that it is shown, and said to be a rehearsal.
    pub fn open_learned(&self) -> anyhow::Result<Store> {
        let mut store = self.open()?;
        store.keep_pages(Pages::Passing)?;
        let Rehearsed { groups, has_real } = store.read().rehearsed()?;
        if groups == 0 {
            return Ok(store);
        }
        let n = count(groups, "group");
        if !has_real {
            self.terminal.status("a rehearsal: a sandbox gave these answers, and no model");
        } else if self.rehearsal {
            self.terminal.status(format!("what a sandbox answered is shown too: {n}, beside real answers"));
        } else {
            store.leave_rehearsals_out()?;
            self.terminal
                .status(format!("{n} left out, of which only a sandbox was asked; `--rehearsal` shows them too"));
        }
        Ok(store)
    }

    /// Opens the database for those who read what was learned; where they want it so, without mentions that stand nowhere in
    /// the stories.
    pub fn open_grounded(&self, args: &GroundingArgs) -> anyhow::Result<Store> {
        let mut store = self.open_learned()?;
        if args.require_grounding {
            self.require_grounding(&mut store)?;
        }
        Ok(store)
    }

    /// Leaves out mentions that stand nowhere in the stories, and says how many those are.
    pub fn require_grounding(&self, store: &mut Store) -> anyhow::Result<()> {
        let counts = store.read().grounding_counts()?;
        store.leave_ungrounded_out()?;
        self.terminal.status(format!(
            "left out: {}, nowhere in the stories or only inside a longer name",
            count(counts.ungrounded, "mention")
        ));
        if counts.unknown > 0 {
            self.terminal.hint(format!(
                "{} not looked for in the stories of today, and kept; `gleaner rebuild` looks for what it can",
                count_verb(counts.unknown, "mention", "was")
            ));
        }
        Ok(())
    }

    /// Says plainly where what a sandbox answered counts too.
    pub fn say_rehearsed(&self, store: &Store) -> anyhow::Result<()> {
        let Rehearsed { groups, has_real } = store.read().rehearsed()?;
        if groups > 0 && !has_real {
            self.terminal.status("a rehearsal: a sandbox gave these answers, and no model");
        } else if groups > 0 {
            self.terminal.status(format!(
                "what a sandbox answered about {} counts here too; `gleaner rehearsal forget` removes it",
                count(groups, "group")
            ));
        }
        Ok(())
    }

    /// Returns the database for a command that writes only in order to read, or a temporary copy of it where nothing can be
    /// written. The message says that `what` is done there.
    pub fn writable(&self, store: Store, what: &str) -> anyhow::Result<Store> {
        if !store.is_read_only()? {
            return Ok(store);
        }
        self.terminal.status(format!("the database can only be read; {what} in a temporary copy"));
        store.temporary_copy()
    }

    /// Returns the prices that count: the table of the program, before it the user's own, before that what was typed.
    pub fn prices(&self, typed: Option<&str>) -> anyhow::Result<Prices> {
        let prices = table_of_prices(&self.config)?;
        match typed {
            None => Ok(prices),
            Some(text) => {
                let price = Price::parse(text).map_err(|error| usage(format!("`--price`: {error}")))?;
                Ok(prices.fixed(price))
            }
        }
    }

    /// Returns the terms of a command that sends to a provider; `max_usd` is `--max-cost`, as typed.
    pub fn terms(
        &self,
        args: &SpendArgs,
        max_usd: Option<f64>,
        client: &provider::Client,
        read: Read<'_>,
    ) -> anyhow::Result<Terms<'_>> {
        let above_usd = self.config.ask_above_usd()?.filter(|_| !args.yes);
        let asking = Asking { terminal: &self.terminal, above_usd, is_near: client.origin().is_near() };
        Ok(Terms { max: self.spend_limit(max_usd, read)?, asking: Some(asking) })
    }

    /// Returns the most that a command may spend: `--max-cost` as typed, else that of the configuration; and never more
    /// than this month has left.
    pub fn spend_limit(&self, typed: Option<f64>, read: Read<'_>) -> anyhow::Result<Option<SpendLimit>> {
        let limit = match typed {
            Some(usd) => Some(SpendLimit { usd, named: format!("`--max-cost {usd}`"), is_typed: true }),
            None => self.config.max_cost()?,
        };
        let Some(month) = self.config.max_cost_month()? else { return Ok(limit) };
        let now = self.config.now_text();
        let left = (month.usd - read.spent_since(&format!("{}-01", &now[..7]))?).max(0.0);
        if limit.as_ref().is_some_and(|limit| limit.usd <= left) {
            return Ok(limit);
        }
        let named = format!("what {} leaves of this month, {}", month.named, dollars(left));
        Ok(Some(SpendLimit { usd: left, named, is_typed: false }))
    }

    /// Opens the database, making it where there is none; then with the profile that the configuration names.
    pub fn open_or_create(&self) -> anyhow::Result<Store> {
        let path = self.db_path()?;
        let now = self.config.now_text();
        let profile = if path.exists() { None } else { self.profile_of_new_databases()? };
        let mut store = Store::open_or_create(&path, &now)?;
        if let Some(text) = profile {
            let tx = store.write()?;
            active_profile::activate(&tx, &text, &now)?;
            tx.commit()?;
        }
        Ok(store)
    }

    /// Returns the text of the profile that the configuration names: one that is built in, or a file.
    fn profile_of_new_databases(&self) -> anyhow::Result<Option<String>> {
        let Some(name) = self.config.new_profile()? else { return Ok(None) };
        let text = match Profile::builtin(&name) {
            Some(text) => text.to_owned(),
            None if name.ends_with(".toml") => {
                let folder = self.config.folder_of(Setting::Profile).unwrap_or(Path::new(""));
                let path = folder.join(&name);
                let cannot = || format!("cannot read the profile `{}` of new databases", path.display());
                input::text(&path, input::PROFILE_BYTES_MAX).with_context(cannot).exit(Exit::Usage)?
            }
            None => {
                return Err(not_found(format!("there is no profile `{name}`, which the configuration names")))
                    .hint("name one of `gleaner profile list`, or a file that ends in `.toml`");
            }
        };
        Profile::parse(&text).with_context(|| format!("profile `{name}` cannot be used"))?;
        Ok(Some(text))
    }

    /// Opens the database, which must exist, for a flow.
    pub fn session(&self) -> anyhow::Result<Session<'_>> {
        let mut store = self.open()?;
        if let Some(timeout) = self.config.busy_timeout() {
            store.set_busy_timeout(timeout)?;
        }
        Ok(Session::new(store, &self.terminal, &self.config))
    }

    /// Returns the provider's address, in the one spelling the ledger uses.
    pub fn origin(&self) -> anyhow::Result<String> {
        Ok(self.address()?.as_str().to_owned())
    }

    /// Returns the provider's address, checked.
    pub fn address(&self) -> anyhow::Result<provider::Address> {
        provider::Address::parse(&self.provider_url()?).map_err(api_failure)
    }

    /// Returns the provider's address as it was said, else where the provider is by itself.
    fn provider_url(&self) -> anyhow::Result<String> {
        let said = self.config.base_url(self.base_url.as_deref())?;
        Ok(said.unwrap_or_else(|| provider::Dialect::default().base_url().to_owned()))
    }

    /// Makes a client of the provider; nothing is sent yet, but a missing key is found here. Ctrl-C ends its calls.
    pub fn client(&self) -> anyhow::Result<provider::Client> {
        self.stoppable_client(&self.settings()?)
    }

    /// Returns a client for a look that is no loss where it fails: it tries once more, and nobody waits for the rest.
    pub fn looking_client(&self) -> anyhow::Result<provider::Client> {
        let mut settings = self.settings()?;
        settings.retries = settings.retries.min(1);
        self.stoppable_client(&settings)
    }

    fn stoppable_client(&self, settings: &provider::Settings) -> anyhow::Result<provider::Client> {
        interrupt::spare_queries();
        let client = provider::Client::new(settings, self.hooks()?).map_err(api_failure)?;
        // A transfer that Ctrl-C ends: the one call that buys is let through to its answer.
        let stopper = client.stopper();
        let terminal = self.terminal.clone();
        interrupt::on_request(move || {
            if interrupt::is_buying() {
                terminal.warn(
                    "waiting for the answer to the call that buys; Ctrl-C once more leaves at once, and the next command \
                     looks what came of it",
                );
            }
            stopper.stop();
        });
        Ok(client)
    }

    /// Makes a client for synchronous answers, which may take so long. Its calls Ctrl-C leaves to the flow: all of them
    /// buy.
    pub fn patient_client(&self, timeout_secs: u32) -> anyhow::Result<provider::Client> {
        interrupt::spare_queries();
        let mut settings = self.settings()?;
        settings.answer_timeout = Duration::from_secs(timeout_secs.into());
        provider::Client::new(&settings, self.hooks()?).map_err(api_failure)
    }

    fn settings(&self) -> anyhow::Result<provider::Settings> {
        let mut settings = provider::Settings::new(&self.provider_url()?);
        settings.api_key = match self.config.api_key() {
            Some(key) => provider::Secret::new(key),
            // A key that is kept goes to its own host only.
            None => self.config.kept_key(self.address()?.host())?.as_deref().and_then(provider::Secret::new),
        };
        settings.organization = self.config.organization().map(str::to_owned);
        settings.project = self.config.project().map(str::to_owned);
        settings.ca_file = self.config.var("SSL_CERT_FILE").map(PathBuf::from);
        settings.jitter_seed = u64::from(std::process::id());
        Ok(settings)
    }

    /// Returns whether there is no key for the provider, neither in the environment nor kept.
    pub fn lacks_key(&self) -> bool {
        self.settings().is_ok_and(|settings| settings.api_key.is_none())
    }

    fn hooks(&self) -> anyhow::Result<provider::Hooks> {
        let (config, terminal) = (self.config.clone(), self.terminal.clone());
        let called = self.log.as_ref().map(|path| call_log(path, &self.config)).transpose()?;
        Ok(provider::Hooks {
            pause: Box::new(move |delay| config.pause(delay).is_ok()),
            retrying: Box::new(move |retrying| terminal.warn(retrying.to_string())),
            called,
        })
    }
}

fn open_log(path: &Path) -> anyhow::Result<File> {
    let file = private::file_options().append(true).create(true).open(path);
    file.with_context(|| format!("cannot write `{}`", path.display()))
}

/// Returns the callback that writes each call as a line of JSON to the end of a file. That a line cannot be written stops
/// no call.
fn call_log(path: &Path, config: &Config) -> anyhow::Result<Box<dyn Fn(&provider::Called) + Send + Sync>> {
    let file = open_log(path)?;
    let (file, config) = (Mutex::new(file), config.clone());
    Ok(Box::new(move |called| {
        let line = serde_json::json!({
            "at": config.now_text(), "method": called.method, "url": called.url, "status": called.status,
            "request_id": called.request_id, "error": called.error,
        });
        // One write a line: lines of threads and of other processes do not mix.
        let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(format!("{line}\n").as_bytes());
    }))
}
