//! `gleaner load …`: files of groups and entities into the database.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::json;

use crate::cli::load::{EntitiesArgs, FilesArgs, FormatArg, GroupsArgs, LoadCommand};
use crate::command::Context;
use crate::error::{Exit, usage};
use crate::intake::load::{self, Loaded, Target};
use crate::intake::{Format, LineError};
use crate::interrupt::stream;
use crate::linking;
use crate::store::Store;
use crate::terminal::bar::{Bar, Unit};
use crate::terminal::words;

/// Bad lines that `--json` repeats; stderr has them all.
const ERRORS_IN_JSON_MAX: usize = 100;

/// Bytes read from a file at once.
const READ_BYTES: usize = 256 * 1024;

/// Runs the command.
pub(super) fn run(command: &LoadCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        LoadCommand::Groups(args) => groups(args, context),
        LoadCommand::Entities(args) => entities(args, context),
    }
}

fn groups(args: &GroupsArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut summary = Summary::new("group", &args.files);
    let inputs = open_all(&args.files)?;
    let mut place = Place::open(&args.files, context)?;
    let now = context.config.now_text();
    let mut target = place.target(&now);
    for input in inputs {
        summary.file(context, input, |reader, format, on_bad| load::groups(&mut target, reader, format, on_bad))?;
    }
    place.optimize();
    summary.show(context, place.store.as_ref())
}

fn entities(args: &EntitiesArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut summary = Summary::new("entity", &args.files);
    let inputs = open_all(&args.files)?;
    let mut place = Place::open(&args.files, context)?;
    if let Some(store) = place.store.as_mut().filter(|_| !args.files.dry_run) {
        // Earlier decisions are found by their keys.
        let tx = store.write()?;
        linking::rekey(&tx)?;
        tx.commit()?;
    }
    let now = context.config.now_text();
    let mut target = place.target(&now);
    let mut kept = HashSet::new();
    for input in inputs {
        summary.file(context, input, |reader, format, on_bad| {
            load::entities(&mut target, reader, format, &mut kept, on_bad)
        })?;
    }
    if args.replace && summary.total.bad > 0 {
        // A line that could not be read may be an entity that should stay.
        context.terminal.warn("nothing was removed, because some lines are bad");
    } else if args.replace && summary.total.n_records() == 0 {
        context.terminal.warn("nothing was removed, because there is no entity to replace the catalog with");
    } else if args.replace {
        summary.removed = Some(load::remove_others(&mut target, &kept)?);
    }
    if let Some(store) = place.store.as_mut().filter(|_| !args.files.dry_run) {
        // The names are packed while the catalog is at hand, so that no later command waits for it.
        let tx = store.write()?;
        linking::refresh(&tx)?;
        tx.commit()?;
    }
    if let Some(store) = place.store.as_ref().filter(|_| !args.files.dry_run) {
        let n = store.read().n_sleeping_decisions()?;
        if n > 0 && (summary.removed.is_some() || summary.total.decisions > 0) {
            context
                .terminal
                .warn(format!("{} of an entity that is not in the catalog, until it is", words::count(n, "decision")));
            context.terminal.hint("`gleaner unresolved decisions --conflicts` lists them");
        }
    }
    place.optimize();
    if let Some(store) = &place.store {
        summary.unmapped_types = unmapped_types(store)?;
    }
    summary.show(context, place.store.as_ref())
}

/// Returns the catalog's types that the active profile does not know: neither right nor wrong for any mention.
fn unmapped_types(store: &Store) -> anyhow::Result<Vec<String>> {
    let profile = crate::store::active_profile::active(store.read())?;
    let types = store.read().catalog_types()?.into_iter();
    Ok(types.filter(|known| profile.profile_type_of(known).is_none()).collect())
}

/// The database; in a dry run the one that is there, if any.
struct Place {
    store: Option<Store>,
    is_dry_run: bool,
}

impl Place {
    fn open(args: &FilesArgs, context: &Context) -> anyhow::Result<Self> {
        let store = match args.dry_run {
            true if !context.db_path()?.exists() => None,
            true => Some(context.open()?),
            false => Some(context.open_or_create()?),
        };
        Ok(Self { store, is_dry_run: args.dry_run })
    }

    fn optimize(&self) {
        if let Some(store) = self.store.as_ref().filter(|_| !self.is_dry_run) {
            store.optimize();
        }
    }

    fn target<'a>(&'a mut self, now: &'a str) -> Target<'a> {
        if self.is_dry_run {
            return Target::Compare(self.store.as_ref());
        }
        self.store.as_mut().map_or(Target::Compare(None), |store| Target::Write(store, now))
    }
}

/// A file that is open.
struct Input {
    /// As it was typed; stdin is `-`.
    path: PathBuf,
    format: Format,
    /// `None`: stdin.
    file: Option<(stream::Input, u64)>,
}

/// Opens all files before anything is loaded, so that a misspelt name is said first.
fn open_all(args: &FilesArgs) -> anyhow::Result<Vec<Input>> {
    if args.files.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(usage("`-` is there twice, but there is only one stdin"));
    }
    let open = |path: &PathBuf| {
        let format = match args.format {
            Some(FormatArg::Jsonl) => Format::JsonLines,
            Some(FormatArg::Csv) => Format::Csv,
            None => Format::detect(path),
        };
        let file = if is_stdin(path) {
            None
        } else {
            let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            Some((stream::Input::new(file), length))
        };
        Ok(Input { path: path.clone(), format, file })
    };
    args.files.iter().map(open).collect()
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What is said at the end.
struct Summary {
    noun: &'static str,
    is_dry_run: bool,
    total: Loaded,
    removed: Option<u64>,
    unmapped_types: Vec<String>,
    files: Vec<(String, Loaded)>,
    errors: Vec<BadLine>,
}

/// A bad line, for `--json`.
#[derive(Serialize)]
struct BadLine {
    file: String,
    line: u64,
    reason: String,
}

impl Summary {
    fn new(noun: &'static str, args: &FilesArgs) -> Self {
        Self {
            noun,
            is_dry_run: args.dry_run,
            total: Loaded::default(),
            removed: None,
            unmapped_types: vec![],
            files: vec![],
            errors: vec![],
        }
    }

    /// Loads one file; each bad line is shown as it is met.
    fn file(
        &mut self,
        context: &Context,
        input: Input,
        load: impl FnOnce(&mut dyn BufRead, Format, &mut dyn FnMut(&LineError)) -> anyhow::Result<Loaded>,
    ) -> anyhow::Result<()> {
        let Input { path, format, file } = input;
        let name = if is_stdin(&path) { "<stdin>".to_owned() } else { path.display().to_string() };
        let errors = &mut self.errors;
        let mut on_bad = |error: &LineError| {
            let rest = if error.is_fatal { "; the rest of the file was not read" } else { "" };
            context.terminal.complain(format!("{name}:{}: {}{rest}", error.line, error.reason));
            if errors.len() < ERRORS_IN_JSON_MAX {
                let (line, reason) = (error.line, error.reason.clone());
                errors.push(BadLine { file: name.clone(), line, reason });
            }
        };
        let loaded = match file {
            Some((file, length)) => {
                let bar: Bar = context.terminal.bar(length, Unit::Bytes, &name);
                load(&mut BufReader::with_capacity(READ_BYTES, bar.read(file)), format, &mut on_bad)
            }
            None => load(&mut BufReader::with_capacity(READ_BYTES, stream::stdin()), format, &mut on_bad),
        };
        let loaded = loaded.with_context(|| format!("cannot load `{name}`"))?;
        self.total.add(loaded.clone());
        self.files.push((name, loaded));
        Ok(())
    }

    fn show(self, context: &Context, store: Option<&Store>) -> anyhow::Result<Exit> {
        let terminal = &context.terminal;
        let total = &self.total;
        let exit = if total.bad > 0 { Exit::Incomplete } else { Exit::Done };
        if !total.ignored_fields.is_empty() {
            let names: Vec<&String> = total.ignored_fields.iter().collect();
            terminal.warn(format!("ignored what is no field of a {}: {}", self.noun, words::list(&names, "and")));
        }
        if terminal.is_json() {
            terminal.json(&self.json())?;
            return Ok(exit);
        }
        terminal.line(self.sentence())?;
        if let Some(store) = store.filter(|_| !self.is_dry_run && total.new + total.changed + total.decisions_new > 0) {
            self.hint(context, store)?;
        }
        Ok(exit)
    }

    fn json(&self) -> serde_json::Value {
        let files: Vec<serde_json::Value> = self
            .files
            .iter()
            .map(|(file, loaded)| {
                json!({"file": file, "new": loaded.new, "changed": loaded.changed, "unchanged": loaded.unchanged,
                       "bad": loaded.bad})
            })
            .collect();
        let total = &self.total;
        let mut summary = json!({
            "kind": self.noun, "dry_run": self.is_dry_run, "new": total.new, "changed": total.changed,
            "unchanged": total.unchanged, "bad": total.bad, "ignored_fields": total.ignored_fields, "files": files,
            "errors": self.errors,
        });
        if self.noun == "group" {
            summary["without_text"] = total.without_text.into();
        } else {
            summary["removed"] = self.removed.unwrap_or(0).into();
            summary["decisions"] = json!({"total": total.decisions, "new": total.decisions_new});
            summary["unmapped_types"] = json!(self.unmapped_types);
        }
        summary
    }

    /// `4,000 groups: 3,990 new, 4 changed, 6 unchanged; 2 bad lines`.
    fn sentence(&self) -> String {
        let total = &self.total;
        let mut sentence = format!(
            "{}: {} new, {} changed, {} unchanged",
            words::count(total.n_records(), self.noun),
            words::number(total.new),
            words::number(total.changed),
            words::number(total.unchanged)
        );
        if let Some(removed) = self.removed {
            sentence.push_str(&format!(", {} removed", words::number(removed)));
        }
        sentence.push_str(&format!("; {}", words::count(total.bad, "bad line")));
        if total.without_text > 0 {
            sentence.push_str(&format!("; {} without text, kept but never sent", words::number(total.without_text)));
        }
        if total.decisions > 0 {
            sentence.push_str(&format!(
                "; {}, {} new",
                words::count(total.decisions, "decision"),
                words::number(total.decisions_new)
            ));
        }
        if self.is_dry_run {
            sentence.push_str(" (dry run: nothing was written)");
        }
        sentence
    }

    fn hint(&self, context: &Context, store: &Store) -> anyhow::Result<()> {
        if let [first, ..] = self.unmapped_types.as_slice() {
            let shown: Vec<&str> = self.unmapped_types.iter().map(String::as_str).take(5).collect();
            let more = if self.unmapped_types.len() > shown.len() { ", …" } else { "" };
            context.terminal.hint(format!(
                "the active profile maps {}{more} to none of its types, so mentions of every type are compared with them; \
                 `maps = [\"{first}\", …]` in a profile changes that",
                words::list(&shown, "and")
            ));
        }
        if self.noun == "group" {
            if store.read().n_entities()? == 0 {
                context.terminal.hint("`gleaner load entities FILE` gives mentions a catalog to be linked to");
            }
            context.terminal.hint("`gleaner batch create --dry-run` shows what would be asked and what it would cost");
        } else if store.read().group_counts()?.total == 0 {
            context.terminal.hint("`gleaner load groups FILE` loads the stories");
        } else if store.read().knowledge_counts()?.1 > 0 {
            context
                .terminal
                .hint("`gleaner resolve --all` links what was extracted before to the catalog as it is now");
        } else {
            context.terminal.hint("`gleaner batch create --dry-run` shows what would be asked and what it would cost");
        }
        Ok(())
    }
}
