//! `gleaner config`: each setting with its value and where it comes from; the file, changed one value at a time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::Context;
use crate::cli::config::{ConfigArgs, ConfigCommand};
use crate::config::{ConfigFile, Setting, SettingSource, explain_near, make_folder};
use crate::error::{Exit, Explain as _, not_found, usage};
use crate::provider;
use crate::terminal::style::{dim, single_line};
use crate::terminal::table::{Side, Table};

/// Runs the command.
pub(super) fn run(args: &ConfigArgs, context: &Context) -> anyhow::Result<Exit> {
    match &args.command {
        None => show(context),
        Some(ConfigCommand::Path) => path(context),
        Some(ConfigCommand::Set { key, value }) => set(key, value, context),
        Some(ConfigCommand::Unset { key }) => unset(key, context),
        Some(ConfigCommand::Edit) => edit(context),
    }
}

fn show(context: &Context) -> anyhow::Result<Exit> {
    let mut settings = vec![];
    for setting in Setting::ALL {
        let (value, source) = value(setting, context)?;
        settings.push((setting, value, source));
    }
    let terminal = &context.terminal;
    if terminal.is_json() {
        let file = context.config.file().map(|file| file.path.display().to_string());
        let settings: Vec<_> = settings
            .iter()
            .map(|(setting, value, source)| {
                json!({"key": setting.name(), "value": value, "source": source.word(), "variable": setting.variable()})
            })
            .collect();
        terminal.json(&json!({"file": file, "settings": settings}))?;
        return Ok(Exit::Done);
    }
    let left = |name| (name, Side::Left);
    let mut table = Table::new(&[("setting", Side::Whole), left("value"), left("from")]);
    for (setting, value, source) in &settings {
        let from = match source {
            SettingSource::Variable => setting.variable(),
            other => other.word(),
        };
        let value = value.as_deref().map_or_else(|| dim("none"), single_line);
        table.row([setting.name().to_owned(), value, from.to_owned()]);
    }
    terminal.table(&table, 0)?;
    match context.config.file() {
        Some(file) => terminal.status(format!("the file is `{}`", file.path.display())),
        None => terminal.hint("`gleaner config set KEY VALUE` makes a configuration file"),
    }
    Ok(Exit::Done)
}

/// Returns the value that counts, as text, with its origin.
fn value(setting: Setting, context: &Context) -> anyhow::Result<(Option<String>, SettingSource)> {
    let config = &context.config;
    let said = config.said(setting)?;
    let source = said.as_ref().map_or(SettingSource::Default, |(_, source)| *source);
    Ok(match setting {
        Setting::Database => {
            let source = if context.db.is_some() { SettingSource::Option } else { source };
            (Some(context.db_path()?.display().to_string()), source)
        }
        // Its one spelling: a mistyped one may hold a key.
        Setting::BaseUrl => {
            let source = if context.base_url.is_some() { SettingSource::Option } else { source };
            (Some(context.address()?.as_str().to_owned()), source)
        }
        Setting::Color if context.color.is_some() => (context.color.map(str::to_owned), SettingSource::Option),
        Setting::Prices => match config.prices_path()? {
            Some((path, source)) => (Some(path.display().to_string()), source),
            None => (None, SettingSource::Default),
        },
        _ => match said {
            Some((value, source)) => (Some(value), source),
            None => (setting.default_text().map(str::to_owned), SettingSource::Default),
        },
    })
}

/// Returns the path of the file that is read, or would be.
fn file_path(context: &Context) -> anyhow::Result<PathBuf> {
    let found = context.config.file_path(context.config_file.as_deref());
    found
        .map(|(path, _)| path)
        .context("this account has no configuration directory")
        .hint("name a file with `--config PATH` or the variable `GLEANER_CONFIG`")
}

fn path(context: &Context) -> anyhow::Result<Exit> {
    let path = file_path(context)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "exists": path.exists()}))?;
    } else {
        context.terminal.line(path.display().to_string())?;
        if !path.exists() {
            context.terminal.status("it is not there yet");
        }
    }
    Ok(Exit::Done)
}

fn set(key: &str, value: &str, context: &Context) -> anyhow::Result<Exit> {
    let setting =
        Setting::find(key).map_err(|near| explain_near(not_found(format!("there is no setting `{key}`")), near))?;
    if setting == Setting::BaseUrl {
        provider::Address::parse(value).map_err(|error| usage(error.to_string()))?;
    }
    let path = file_path(context)?;
    // In the file a path is relative to the file's folder; as it is typed, it is relative to here.
    let is_path = setting.is_path() || setting == Setting::Profile && value.ends_with(".toml");
    let value = match is_path && !value.trim().is_empty() && !value.starts_with("~/") {
        true => std::path::absolute(value)?.display().to_string(),
        false => value.to_owned(),
    };
    ConfigFile::set(&path, setting, &value)?;
    tell(context, &path, setting.name(), Some(&value))?;
    if context.config.said(setting)?.is_some_and(|(_, source)| source == SettingSource::Variable) {
        context.terminal.warn(format!("the variable `{}` is set and wins over it", setting.variable()));
    }
    Ok(Exit::Done)
}

fn unset(key: &str, context: &Context) -> anyhow::Result<Exit> {
    let path = file_path(context)?;
    if !ConfigFile::unset(&path, key)? {
        return Err(not_found(format!("`{key}` does not stand in `{}`", path.display())));
    }
    tell(context, &path, key, None)?;
    Ok(Exit::Done)
}

fn tell(context: &Context, path: &Path, key: &str, value: Option<&str>) -> anyhow::Result<()> {
    if context.terminal.is_json() {
        return context.terminal.json(&json!({"file": path, "key": key, "value": value}));
    }
    match value {
        Some(value) => context.terminal.line(format!("`{key}` is now `{value}`, in `{}`", path.display())),
        None => context.terminal.line(format!("`{key}` was taken out of `{}`", path.display())),
    }
}

fn edit(context: &Context) -> anyhow::Result<Exit> {
    let path = file_path(context)?;
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| context.config.var(name));
    let Some(editor) = editor else {
        return Err(usage("no editor is named"))
            .hint("set `VISUAL` or `EDITOR`; `gleaner config path` says where the file is");
    };
    make_folder(&path)?;
    // A command with its own options, such as `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).arg(&path).status();
    let status = status.with_context(|| format!("cannot start the editor `{program}`"))?;
    if !status.success() {
        return Err(anyhow!("the editor `{program}` ended with an error"));
    }
    let read = ConfigFile::read(&path).hint("`gleaner config edit` opens it again")?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "exists": read.is_some()}))?;
    } else if read.is_some() {
        context.terminal.line(format!("`{}` can be read", path.display()))?;
    } else {
        context.terminal.line("no file was made")?;
    }
    Ok(Exit::Done)
}
