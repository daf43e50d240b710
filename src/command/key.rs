//! `gleaner key`: a provider's key, kept only where that was asked for.

use std::io::BufRead as _;

use serde_json::json;

use super::Context;
use crate::cli::config::KeyCommand;
use crate::config::shown_key;
use crate::error::{Exit, Explain as _, not_found, usage};
use crate::interrupt::stream;
use crate::provider::Secret;

/// The most that is read of stdin for a key; the longest known have some 200 letters.
const KEY_BYTES_MAX: u64 = 4096;

/// Runs the command.
pub(super) fn run(command: &KeyCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        KeyCommand::Set => set(context),
        KeyCommand::List => list(context),
        KeyCommand::Remove { host } => remove(host.as_deref(), context),
    }
}

fn set(context: &Context) -> anyhow::Result<Exit> {
    let address = context.address()?;
    let host = address.host().to_owned();
    let mut keys = context.config.key_file()?;
    let typed = if context.terminal.is_interactive() {
        context.terminal.ask_secret(&format!("key for {host} (not shown as you type):"))
    } else if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Err(usage("the key would be seen as it is typed, since stderr is no terminal"))
            .hint("leave stderr where it is, or give the key on stdin");
    } else {
        let mut line = String::new();
        let mut stdin = std::io::BufReader::new(std::io::Read::take(stream::stdin(), KEY_BYTES_MAX));
        stdin.read_line(&mut line).map_err(|_| usage("the key on stdin is no text"))?;
        Some(line)
    };
    let key = typed.unwrap_or_default().trim().to_owned();
    let Some(secret) = Secret::new(&key) else {
        return Err(usage("no key was given; nothing was changed"));
    };
    address.check_key(Some(&secret)).map_err(crate::session::api_failure).exit(Exit::Usage)?;
    keys.set(&host, &key)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"host": host, "key": shown_key(&key), "file": keys.path()}))?;
    } else {
        context.terminal.line(format!("key {} is kept for {host}, in `{}`", shown_key(&key), keys.path().display()))?;
    }
    if context.config.api_key().is_some() {
        context.terminal.warn("the variable `OPENAI_API_KEY` is set and wins over it");
    }
    Ok(Exit::Done)
}

fn list(context: &Context) -> anyhow::Result<Exit> {
    let keys = context.config.key_file()?;
    let shown = |host: &str| keys.get(host).map(shown_key).unwrap_or_default();
    let hosts = keys.hosts();
    if context.terminal.is_json() {
        let keys: Vec<_> = hosts.iter().map(|host| json!({"host": host, "key": shown(host)})).collect();
        context.terminal.json(&json!({"keys": keys}))?;
        return Ok(Exit::Done);
    }
    for host in &hosts {
        context.terminal.line(format!("{host}  {}", shown(host)))?;
    }
    if hosts.is_empty() {
        context.terminal.line("no key is kept")?;
    }
    if context.config.api_key().is_some() {
        context.terminal.status("the variable `OPENAI_API_KEY` is set and wins over them");
    }
    Ok(Exit::Done)
}

fn remove(host: Option<&str>, context: &Context) -> anyhow::Result<Exit> {
    let host = match host {
        Some(host) => host.to_owned(),
        None => context.address()?.host().to_owned(),
    };
    let mut keys = context.config.key_file()?;
    if !keys.remove(&host)? {
        return Err(not_found(format!("no key is kept for `{host}`"))).hint("`gleaner key list` lists the hosts");
    }
    if context.terminal.is_json() {
        context.terminal.json(&json!({"host": host, "removed": true}))?;
    } else {
        context.terminal.line(format!("the key for {host} was removed"))?;
    }
    Ok(Exit::Done)
}
