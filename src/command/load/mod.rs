//! `gleaner load …`: files of groups and entities into the database.

mod complaints;
mod options;
mod summary;
mod texts;

use std::collections::HashSet;
use std::rc::Rc;

use super::Context;
use crate::cli::load::{EntitiesArgs, FilesArgs, GroupsArgs, LoadCommand};
use crate::error::{Exit, interrupted, usage};
use crate::intake::load::{self, Destination};
use crate::intake::{Input, Options};
use crate::interrupt;
use crate::linking;
use crate::session::explain;
use crate::store::{Change, Pages, Store};
use crate::text::words;
use summary::Summary;

/// Runs the command.
pub(super) fn run(command: &LoadCommand, context: &Context) -> anyhow::Result<Exit> {
    let loaded = match command {
        LoadCommand::Groups(args) => groups(args, context),
        LoadCommand::Entities(args) => entities(args, context),
    };
    match loaded {
        // A read that was stopped is no failure of the file, wherever it was.
        Err(error) if interrupt::requested() && explain(&error).exit != Exit::Interrupted => Err(interrupted()),
        loaded => loaded,
    }
}

fn groups(args: &GroupsArgs, context: &Context) -> anyhow::Result<Exit> {
    let options = options::of_groups(args)?;
    let inputs = open_all(&args.files, &options)?;
    let mut summary = Summary::new("group", args.files.dry_run, &options, context.db_path()?);
    let mut opened = Opened::open(&args.files, context)?;
    let change = Change::of_many_steps("load groups", names_of(&args.files), &context.config.now_text());
    if let Some(store) = &opened.store {
        store.keep_pages(Pages::Few)?;
        store.sort_in_files()?;
    }
    let mut target = opened.target(&change);
    for input in &inputs {
        summary.file(context, input, |input, listener| load::groups(&mut target, input, &options, listener))?;
    }
    opened.finish(&change)?;
    if summary.total.new + summary.total.changed > 0 {
        summary.same_text = match opened.store.as_ref() {
            Some(store) if !args.files.dry_run => store.read().n_copies()?,
            store => summary.texts.n_copies(store)?,
        };
    }
    summary.show(context, opened.store.as_ref())
}

fn entities(args: &EntitiesArgs, context: &Context) -> anyhow::Result<Exit> {
    let options = options::of_entities(args)?;
    let inputs = open_all(&args.files, &options)?;
    let mut summary = Summary::new("entity", args.files.dry_run, &options, context.db_path()?);
    let mut opened = Opened::open(&args.files, context)?;
    if let Some(store) = opened.store.as_mut().filter(|_| !args.files.dry_run) {
        // Earlier decisions are found by their keys.
        let tx = store.write()?;
        linking::rekey(&tx)?;
        tx.commit()?;
    }
    let command = if args.replace { "load entities --replace" } else { "load entities" };
    let change = Change::of_many_steps(command, names_of(&args.files), &context.config.now_text());
    let mut target = opened.target(&change);
    let mut kept = args.replace.then(HashSet::new);
    for input in &inputs {
        summary.file(context, input, |input, listener| {
            load::entities(&mut target, input, &options, kept.as_mut(), listener)
        })?;
    }
    if args.replace && summary.total.bad > 0 {
        // A line that could not be read may be an entity that should stay.
        context.terminal.warn("nothing was removed, because some lines are bad");
    } else if args.replace && summary.total.n_records() == 0 {
        context.terminal.warn("nothing was removed, because there is no entity to replace the catalog with");
    } else if let Some(kept) = kept {
        summary.removed = Some(load::remove_others(&mut target, &kept)?);
    }
    if let Some(store) = opened.store.as_mut().filter(|_| !args.files.dry_run) {
        // The names are packed while the catalog is at hand, so that no later command waits for it. That takes memory of
        // its own.
        store.keep_pages(Pages::Few)?;
        let tx = store.write()?;
        linking::refresh(&tx)?;
        tx.commit()?;
    }
    if let Some(store) = opened.store.as_ref().filter(|_| !args.files.dry_run) {
        let n = store.read().n_dangling_decisions()?;
        if n > 0 && (summary.removed.is_some() || summary.total.decisions > 0) {
            context.terminal.warn(format!(
                "{} an entity that is not in the catalog, and {} until it is",
                words::count_verb(n, "decision", "names"),
                if n == 1 { "counts for nothing" } else { "count for nothing" }
            ));
            context.terminal.hint("`gleaner unresolved decisions --conflicts` lists them");
        }
    }
    if let Some(store) = &opened.store {
        summary.unmapped_types = unmapped_types(store)?;
    }
    opened.finish(&change)?;
    summary.show(context, opened.store.as_ref())
}

/// Returns the catalog's types that the active profile does not know: neither right nor wrong for any mention.
fn unmapped_types(store: &Store) -> anyhow::Result<Vec<String>> {
    let profile = crate::store::active_profile::active(store.read())?;
    let types = store.read().catalog_types()?.into_iter();
    Ok(types.filter(|known| profile.profile_type_of(known).is_none()).collect())
}

/// The database; in a dry run the one that is there, if any.
struct Opened {
    store: Option<Store>,
    is_dry_run: bool,
}

impl Opened {
    fn open(args: &FilesArgs, context: &Context) -> anyhow::Result<Self> {
        let store = match args.dry_run {
            true if !context.db_path()?.exists() => None,
            true => Some(context.open()?),
            false => Some(context.open_or_create()?),
        };
        Ok(Self { store, is_dry_run: args.dry_run })
    }

    fn finish(&mut self, change: &Change) -> anyhow::Result<()> {
        if let Some(store) = self.store.as_mut().filter(|_| !self.is_dry_run) {
            store.finish_change(change)?;
            store.optimize();
        }
        Ok(())
    }

    fn target<'a>(&'a mut self, change: &'a Change) -> Destination<'a> {
        if self.is_dry_run {
            return Destination::Compare(self.store.as_ref());
        }
        self.store.as_mut().map_or(Destination::Compare(None), |store| Destination::Write(store, change))
    }
}

/// Returns the names of the files, as they are listed in `history`.
fn names_of(args: &FilesArgs) -> String {
    let names = args.files.iter().map(|path| match path.file_name() {
        _ if path.as_os_str() == "-" => "standard input".to_owned(),
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Opens all files before anything is loaded, so that a misspelt name is said first.
fn open_all(args: &FilesArgs, options: &Options) -> anyhow::Result<Vec<Rc<Input>>> {
    if args.files.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(usage("`-` is there twice, but there is only one stdin"));
    }
    args.files.iter().map(|path| Input::open(path, options).map(Rc::new)).collect()
}
