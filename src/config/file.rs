//! The configuration file: read, and changed one value at a time; comments, order and spacing stay as they were written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use toml_edit::{DocumentMut, Item, value};

use super::setting::Setting;
use crate::error::{hinted, usage};
use crate::text::{bounded, private, whole_file};

/// The most that is read of a configuration file; all settings together have a few hundred bytes.
const BYTES_MAX: u64 = 1 << 20;

/// The configuration file, read.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    pub path: PathBuf,
    /// The settings it holds, as text; paths are whole.
    pub values: BTreeMap<Setting, String>,
}

impl ConfigFile {
    /// Reads a file; `None` where there is none. Keys that mean nothing and values that do not fit are errors.
    pub fn read(path: &Path) -> anyhow::Result<Option<ConfigFile>> {
        let Some(text) = text_of(path)? else { return Ok(None) };
        let document = parse(path, &text)?;
        let mut values = BTreeMap::new();
        for (name, item) in document.iter() {
            let setting = Setting::find(name).map_err(|near| {
                let unknown = usage(format!("`{name}` in `{}` is no setting", path.display()));
                explain_near(unknown, near)
            })?;
            values.insert(setting, value_of(setting, item, path)?);
        }
        Ok(Some(ConfigFile { path: path.to_owned(), values }))
    }

    /// Writes one setting to a file, making it where there is none.
    pub fn set(path: &Path, setting: Setting, text: &str) -> anyhow::Result<()> {
        if let Some(expected) = setting.mismatch(text) {
            return Err(usage(format!("`{}` must be {expected}, not `{text}`", setting.name())));
        }
        let mut document = parse(path, &text_of(path)?.unwrap_or_default())?;
        let text = text.trim();
        let new = match (setting.is_number(), text.parse::<i64>(), text.parse::<f64>()) {
            (true, Ok(whole), _) => value(whole),
            (true, _, Ok(number)) => value(number),
            _ => value(text),
        };
        match document.get_mut(setting.name()).and_then(Item::as_value_mut) {
            Some(old) => {
                // Text around the value, such as a comment behind it, belongs to the person.
                let decor = old.decor().clone();
                *old = new.into_value().map_err(|_| anyhow!("a value was just made"))?;
                *old.decor_mut() = decor;
            }
            None => document[setting.name()] = new,
        }
        write(path, &document)
    }

    /// Takes a key out of a file; `false`: it was not there. Any name may be given, so that a mistake can be mended.
    pub fn unset(path: &Path, name: &str) -> anyhow::Result<bool> {
        let Some(text) = text_of(path)? else { return Ok(false) };
        let mut document = parse(path, &text)?;
        if document.remove(name).is_none() {
            return Ok(false);
        }
        write(path, &document)?;
        Ok(true)
    }
}

/// Returns an error with the name that was probably meant as its hint.
pub fn explain_near(error: anyhow::Error, near: Option<&str>) -> anyhow::Error {
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`gleaner config` lists the settings".to_owned(),
    };
    hinted(error, hint)
}

fn text_of(path: &Path) -> anyhow::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other,
    };
    let text = file.and_then(|file| bounded::read_text(file, BYTES_MAX));
    text.map(Some).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads TOML whole or says where it is none.
pub(super) fn parse(path: &Path, text: &str) -> anyhow::Result<DocumentMut> {
    text.parse::<DocumentMut>().map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        let message = error.message().trim().lines().collect::<Vec<_>>().join(", ");
        usage(format!("{}:{line}: {message}", path.display()))
    })
}

/// Makes the folder that a file lies in, where it is missing.
pub fn make_folder(path: &Path) -> anyhow::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    private::create_folder(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))
}

/// Writes a document for its owner alone, with the folder it lies in. A link stays one: what it leads to is written.
pub(super) fn write(path: &Path, document: &DocumentMut) -> anyhow::Result<()> {
    make_folder(path)?;
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    whole_file::write(&real, document.to_string().as_bytes())
}

fn value_of(setting: Setting, item: &Item, path: &Path) -> anyhow::Result<String> {
    let wrong = |expected: &str| usage(format!("`{}` in `{}` must be {expected}", setting.name(), path.display()));
    let text = match item.as_value() {
        Some(toml_edit::Value::String(text)) if !setting.is_number() => text.value().clone(),
        Some(toml_edit::Value::Integer(number)) if setting.is_number() => number.value().to_string(),
        Some(toml_edit::Value::Float(number)) if setting.is_number() => number.value().to_string(),
        _ => return Err(wrong(if setting.is_number() { "a number" } else { "a text in quotes" })),
    };
    if let Some(expected) = setting.mismatch(&text) {
        return Err(wrong(&format!("{expected}, not `{text}`")));
    }
    Ok(if setting.is_path() { whole_path(path, &text) } else { text })
}

/// Returns a path of the file as it is from everywhere: relative to the file's folder, with the home for `~/`.
fn whole_path(file: &Path, text: &str) -> String {
    let path = match text.strip_prefix("~/").and_then(|rest| Some(dirs::home_dir()?.join(rest))) {
        Some(path) => path,
        None => file.parent().unwrap_or(Path::new("")).join(text),
    };
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::explain;

    #[test]
    fn what_the_file_says_is_read_and_what_it_may_not_say_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert!(ConfigFile::read(&path).unwrap().is_none());
        let check = |text: &str, expected: &str| {
            fs::write(&path, text).unwrap();
            let said = match ConfigFile::read(&path) {
                Ok(file) => file.unwrap().values.iter().map(|(s, v)| format!("{}={v} ", s.name())).collect(),
                Err(error) => {
                    let explained = explain(&error);
                    format!("{} | {}", explained.message, explained.hints.join(" "))
                }
            };
            let folder = folder.path().display().to_string();
            assert_eq!(said.replace(&folder, "{folder}"), expected, "{text}");
        };
        check("", "");
        check("max_cost = 2\npoll_interval = 0.5\n", "poll_interval=0.5 max_cost=2 ");
        check("database = \"news.db\"\nprices = \"/a/p.toml\"\n", "database={folder}/news.db prices=/a/p.toml ");
        check("max_csot = 2\n", "`max_csot` in `{folder}/config.toml` is no setting | did you mean `max_cost`?");
        check(
            "[openai]\nmodel = \"x\"\n",
            "`openai` in `{folder}/config.toml` is no setting | `gleaner config` lists the settings",
        );
        check("max_cost = \"2\"\n", "`max_cost` in `{folder}/config.toml` must be a number | ");
        check("color = \"red\"\n", "`color` in `{folder}/config.toml` must be auto, always, never, not `red` | ");
        check("max_cost = 1\nmax_cost = 2\n", "{folder}/config.toml:2: duplicate key | ");
    }

    #[test]
    fn one_value_is_changed_and_all_else_stays_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/config.toml");
        let read = || fs::read_to_string(&path).unwrap();
        ConfigFile::set(&path, Setting::MaxCost, "2.5").unwrap();
        assert_eq!(read(), "max_cost = 2.5\n");
        fs::write(&path, "# mine\n\nmax_cost   =  2 # a run\n\n# end\n").unwrap();
        ConfigFile::set(&path, Setting::MaxCost, "3").unwrap();
        ConfigFile::set(&path, Setting::Color, "never").unwrap();
        assert_eq!(read(), "# mine\n\nmax_cost   =  3 # a run\ncolor = \"never\"\n\n# end\n");
        assert!(ConfigFile::set(&path, Setting::Color, "red").is_err());
        assert!(ConfigFile::unset(&path, "color").unwrap());
        assert!(!ConfigFile::unset(&path, "color").unwrap());
        assert_eq!(read(), "# mine\n\nmax_cost   =  3 # a run\n\n# end\n");
    }
}
