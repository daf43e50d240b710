//! `gleaner demo`: the main job on a bundled collection, over real HTTP, without a key or a network.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::demo_folder::{self, FILES, MARKER};
use super::{Context, batch, sandbox};
use crate::cli::batch::{CreateArgs, WaitingArgs};
use crate::cli::demo::{CollectionArg, DemoArgs};
use crate::cli::explore::{DistinctArgs, GroundingArgs, PeriodArgs, ReportArgs};
use crate::error::{Exit, Explain as _, usage};
use crate::intake::load::{self, Destination, Listener};
use crate::intake::{self, Input, Subject};
use crate::model::{Entity, LinkOutcome};
use crate::profile::Profile;
use crate::sandbox::samples::{COLLECTIONS, Collection};
use crate::sandbox::{Keyword, Options, Pace, Sandbox};
use crate::session::Session;
use crate::store::active_profile;
use crate::store::explore::{MentionRow, Period};
use crate::store::{Change, Read, Selection, Store};
use crate::terminal::style::{bold, cyan, dim};
use crate::terminal::words::{count, number};
use crate::terminal::{Manner, Terminal};
use crate::text::shell_word;

/// Time that the sandbox takes over the batch: long enough to see a bar.
const PACE: Pace = Pace::Millis(800);

/// Runs the command.
pub(super) fn run(args: &DemoArgs, context: &Context) -> anyhow::Result<Exit> {
    let wanted = match args.collection {
        CollectionArg::Spaceflight => "spaceflight",
        CollectionArg::Football => "football",
    };
    let collection = COLLECTIONS.iter().find(|c| c.name == wanted).context("the collection is bundled")?;
    if context.db.is_some() {
        return Err(usage("`--db` has no effect here: the demo makes a database of its own"))
            .hint("`gleaner demo --dir FOLDER` says where");
    }
    let (db, is_anew) = prepare(&args.dir, collection)?;
    // With --json the one result is the summary; the steps stay silent.
    let terminal = match context.terminal.is_json() {
        true => Terminal::to(io::sink(), io::sink(), Manner::default()),
        false => context.terminal.clone(),
    };
    if is_anew {
        terminal.status(format!(
            "the demo in `{}` is made anew: it held nothing but what a demo makes",
            args.dir.display()
        ));
    }
    terminal.status(format!("loading the `{}` collection into `{}`", collection.name, db.display()));
    let session = load(context, &terminal, &db, collection)?;

    let sandbox = start(context, &session.store, collection)?;
    terminal.status(format!(
        "asking the sandbox at {} (a dictionary reader on this machine, no language model)",
        sandbox.base_url()
    ));
    drop(session);
    let inner = Context {
        config: context.config.with_var("OPENAI_API_KEY", "sandbox"),
        terminal: terminal.clone(),
        db: Some(db.clone()),
        base_url: Some(sandbox.base_url()),
        config_file: context.config_file.clone(),
        color: context.color,
        log: context.log.clone(),
        rehearsal: context.rehearsal,
    };
    let create = CreateArgs {
        wait: true,
        waiting: WaitingArgs { poll_interval: Some(0.2), ..WaitingArgs::default() },
        ..CreateArgs::default()
    };
    let exit = batch::create(&create, &inner)?;
    sandbox.stop();

    report(args, &inner)?;
    let store = Store::open(&db)?;
    tell(context, store.read(), &args.dir, &db, collection)?;
    Ok(exit)
}

/// Writes the page that the summary ends with.
fn report(args: &DemoArgs, inner: &Context) -> anyhow::Result<()> {
    let report = ReportArgs {
        output: args.dir.join("report.html"),
        title: "What the stories are about".into(),
        with_text: true,
        snippets: None,
        grounding: GroundingArgs::default(),
        distinct: DistinctArgs::default(),
        period: PeriodArgs::default(),
    };
    super::report::run(&report, inner).map(drop)
}

/// Makes the folder with the sample files in it, and returns the path of its database and whether an earlier demo made
/// room for it; a folder that is not a demo's is refused.
fn prepare(dir: &Path, collection: &Collection) -> anyhow::Result<(PathBuf, bool)> {
    let cannot = || format!("cannot make the folder `{}`", dir.display());
    let is_ours = dir.join(MARKER).is_file();
    let is_empty = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error).with_context(cannot),
    };
    if !is_ours && !is_empty {
        return Err(anyhow!("the folder `{}` is not empty and was not made by `gleaner demo`", dir.display()))
            .hint("choose another one with `--dir FOLDER`");
    }
    if is_ours {
        let samples: Vec<&str> = COLLECTIONS.iter().flat_map(|known| [known.groups, known.entities]).collect();
        let found = demo_folder::foreign(dir, &samples)?;
        if !found.is_empty() {
            return Err(anyhow!(
                "the folder `{}` holds what the demo did not make: {}",
                dir.display(),
                demo_folder::in_words(&found)
            ))
            .hint(format!(
                "`gleaner demo --dir {}` makes one elsewhere; nothing was changed",
                shell_word(&demo_folder::free_beside(dir).display().to_string())
            ));
        }
    }
    fs::create_dir_all(dir).with_context(cannot)?;
    if is_ours {
        for name in FILES {
            match fs::remove_file(dir.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove `{}`", dir.join(name).display()));
                }
                _ => {}
            }
        }
        let files = dir.join("batch_files");
        if files.is_dir() {
            fs::remove_dir_all(&files).with_context(|| format!("cannot remove `{}`", files.display()))?;
        }
    }
    for (name, text) in [
        (MARKER, "Made by `gleaner demo`, which may make this folder anew.\n"),
        ("groups.jsonl", collection.groups),
        ("entities.jsonl", collection.entities),
    ] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok((dir.join("gleaner.db"), is_ours))
}

fn load<'a>(
    context: &'a Context,
    terminal: &'a Terminal,
    db: &Path,
    collection: &Collection,
) -> anyhow::Result<Session<'a>> {
    let now = context.config.now_text();
    let mut store = Store::open_or_create(db, &now)?;
    let folder = store.folder().to_owned();
    let mut listener = Listener {
        on_bad: &mut |error: &intake::LineError| terminal.warn(error.to_string()),
        on_group: &mut |_, _| {},
        on_entity: &mut |_| {},
        on_bytes: Rc::new(|_| {}),
    };
    let change = Change::of_many_steps("demo", collection.name, &now);
    let mut target = Destination::Write(&mut store, &change);
    let options = intake::Options::default();
    let input = Rc::new(Input::open(&folder.join("groups.jsonl"), &options)?);
    let groups = load::groups(&mut target, &input, &options, &mut listener)?;
    let options = intake::Options { subject: Subject::Entities, ..options };
    let input = Rc::new(Input::open(&folder.join("entities.jsonl"), &options)?);
    let entities = load::entities(&mut target, &input, &options, None, &mut listener)?;
    terminal.status(format!(
        "{} and {} loaded",
        count(groups.n_records(), "story group"),
        count(entities.n_records(), "entity")
    ));
    store.finish_change(&change)?;
    let text = Profile::builtin(collection.profile).context("the collection's profile is built in")?;
    let tx = store.write()?;
    active_profile::activate(&tx, text, &now)?;
    tx.commit()?;
    Ok(Session::new(store, terminal, &context.config))
}

/// Starts the sandbox in this process; its reader knows the catalog and, as a model would, some names beyond it.
fn start(context: &Context, store: &Store, collection: &Collection) -> anyhow::Result<Sandbox> {
    let mut entities: Vec<Entity> = vec![];
    store.read().each_entity(|_, entity| {
        entities.push(entity);
        Ok(())
    })?;
    for record in intake::bundled_entities(collection.names) {
        entities.push(record.map_err(|error| anyhow!("a bundled name is broken: {error}"))?.1);
    }
    let profile = active_profile::active(store.read())?;
    let mut dictionary = sandbox::dictionary(&profile, entities);
    dictionary.keywords.extend(Keyword::read_list(collection.topics).context("a bundled topic is broken")?);
    Sandbox::start(&context.config, &Options { dictionary, pace: PACE, ..Options::default() })
}

/// Says what was learned, what is interesting in it, and what to try next.
fn tell(context: &Context, read: Read<'_>, dir: &Path, db: &Path, collection: &Collection) -> anyhow::Result<()> {
    let (n_topics, n_mentions, n_linked) = read.knowledge_counts()?;
    let always = Period::default();
    let (topics, _) = read.top_topics(&always, None, 8)?;
    let (entities, _) = read.top_entities(&always, None, &[], 8)?;
    let finds = finds(read)?;
    let counts = read.group_counts()?;
    if context.terminal.is_json() {
        return context.terminal.json(&json!({
            "collection": collection.name,
            "db": db,
            "groups": counts.total,
            "stories": counts.stories,
            "catalog": read.n_entities()?,
            "topics": n_topics,
            "mentions": n_mentions,
            "linked": n_linked,
            "top_topics": topics,
            "top_entities": entities,
        }));
    }
    let terminal = &context.terminal;
    terminal.line("")?;
    terminal.line(bold("What was learned"))?;
    terminal.line(format!(
        "  {} with {}: {}, {}, {} of them linked to a catalog of {}",
        count(counts.total, "group"),
        count(counts.stories, "story"),
        count(n_topics, "topic"),
        count(n_mentions, "mention"),
        number(n_linked),
        count(read.n_entities()?, "entity")
    ))?;
    terminal.line("")?;
    terminal.line(bold("Top topics"))?;
    for topic in &topics {
        terminal.line(format!("  {:4}  {}", topic.groups, topic.label))?;
    }
    terminal.line("")?;
    terminal.line(bold("Top entities"))?;
    for top in &entities {
        terminal.line(format!("  {:4}  {}  {}", top.groups, top.entity.name, dim(&top.entity.entity_type)))?;
    }
    terminal.line("")?;
    terminal.line(bold("Three groups"))?;
    for (id, title, topics, mentions) in &finds.groups {
        terminal.line(format!("  {}  {}", cyan(id), title))?;
        terminal.line(format!("    topics: {topics}"))?;
        terminal.line(format!("    names: {mentions}"))?;
    }
    terminal.line("")?;
    terminal.line(bold("Worth a look"))?;
    let (program, db) = (demo_folder::program(&context.config), shell_word(&db.display().to_string()));
    for (what, command) in &finds.notes {
        terminal.line(format!("  {what}"))?;
        terminal.line(dim(format!("    {program} --db {db} {command}")))?;
    }
    terminal.line("")?;
    terminal.line(bold("Try next"))?;
    let search = format!("search {}", collection.word);
    for command in ["progress", "topics", "entities", &search, "unresolved", "batch list"] {
        terminal.line(format!("  {program} --db {db} {command}"))?;
    }
    terminal.line("")?;
    terminal.line(format!("{}  {}", bold("Open in a browser"), dir.join("report.html").display()))?;
    Ok(())
}

/// Findings of a collection.
#[derive(Default)]
struct Finds {
    /// Id, title, topics and names of a few groups.
    groups: Vec<(String, String, String, String)>,
    /// Finding, and the command that shows it.
    notes: Vec<(String, String)>,
}

fn finds(read: Read<'_>) -> anyhow::Result<Finds> {
    let mut finds = Finds::default();
    let (mut namesake, mut acronym, mut absent, mut surname) = (None, None, None, None);
    let selection = Selection::default();
    let groups = read.active_groups(&selection)?;
    let step = (groups.len() / 3).max(1);
    for (i, key) in groups.iter().enumerate() {
        let Some(head) = read.group_head(*key)? else { continue };
        let mentions = read.mentions_of(*key)?;
        let id = head.id.to_string();
        if i % step == 0 && finds.groups.len() < 3 {
            let topics: Vec<String> = read.topics_of(*key)?.into_iter().take(4).map(|topic| topic.label).collect();
            let names: Vec<String> = mentions.iter().take(5).map(name).collect();
            finds.groups.push((id.clone(), head.title.unwrap_or_default(), topics.join(", "), names.join(", ")));
        }
        for mention in &mentions {
            let Some(entity) = &mention.entity else {
                if mention.outcome == LinkOutcome::Unknown && absent.is_none() {
                    absent = Some((
                        format!("\"{}\" was not found in the catalog and left alone", mention.text),
                        format!(
                            "resolve {} --type {} --explain",
                            shell_word(&mention.text),
                            shell_word(&mention.entity_type)
                        ),
                    ));
                }
                continue;
            };
            let is_acronym = mention.text.len() <= 6
                && mention.text.chars().all(char::is_uppercase)
                && !entity.name.contains(&mention.text);
            if is_acronym && acronym.is_none() {
                acronym = Some((
                    format!("\"{}\" is {}", mention.text, entity.name),
                    format!("entities {}", shell_word(&mention.text)),
                ));
            }
            let is_part = entity.name.ends_with(&format!(" {}", mention.text)) && !mention.text.contains(' ');
            if namesake.is_none() || surname.is_none() {
                let same: Vec<_> = read
                    .namesakes(&mention.text, 5)?
                    .into_iter()
                    .filter(|other| other.entity.entity_type == entity.entity_type)
                    .collect();
                if namesake.is_none() && same.len() > 1 {
                    namesake = Some((
                        format!(
                            "{} entities are called \"{}\"; in {id} it is {} ({})",
                            same.len(),
                            mention.text,
                            entity.id,
                            mention.method
                        ),
                        format!("show {id}"),
                    ));
                }
                if surname.is_none() && is_part && same.is_empty() {
                    surname =
                        Some((format!("\"{}\" alone is {} in {id}", mention.text, entity.name), format!("show {id}")));
                }
            }
        }
    }
    finds.notes.extend([namesake, acronym, surname, absent].into_iter().flatten());
    Ok(finds)
}

fn name(mention: &MentionRow) -> String {
    match &mention.entity {
        Some(entity) if entity.name == mention.text => mention.text.clone(),
        Some(entity) => format!("{} = {}", mention.text, entity.name),
        None => format!("{} (not linked)", mention.text),
    }
}
