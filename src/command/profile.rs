//! `gleaner profile …`: what is asked.

use anyhow::Context as _;
use serde_json::json;

use crate::batch::prompts::configured;
use crate::cli::profile::{CheckArgs, ExportArgs, KindArg, ProfileCommand, ShowArgs, UseArgs};
use crate::command::profile_text::{find, open_if_there, write};
use crate::command::{Context, allowed};
use crate::error::Exit;
use crate::model::Kind;
use crate::profile::{self, Allowed, EntityType, Profile};
use crate::store::StoredProfile;
use crate::store::active_profile;
use crate::terminal::{style, words};

/// Runs the command.
pub(super) fn run(command: &ProfileCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        ProfileCommand::List => list(context),
        ProfileCommand::Show(args) => show(args, context),
        ProfileCommand::Use(args) => make_active(args, context),
        ProfileCommand::Check(args) => check(args, context),
        ProfileCommand::Export(args) => export(args, context),
        ProfileCommand::Topics(args) => allowed::run(args, context),
    }
}

fn list(context: &Context) -> anyhow::Result<Exit> {
    let store = open_if_there(context)?;
    let kept = store.as_ref().map_or(Ok(vec![]), |store| store.read().profiles())?;
    let active = match &store {
        Some(store) => store.read().active_profile()?,
        None => None,
    };
    let built_in = Profile::names().filter_map(|name| Some((name, Profile::builtin(name)?)));
    let mut rows: Vec<Row> = built_in.map(|(name, text)| Row::new(name, text, true)).collect();
    // A profile that was kept and is not, or no longer, what is built in under its name stands by itself.
    for stored in kept.iter().filter(|stored| Profile::builtin(&stored.name) != Some(stored.text.as_str())) {
        rows.push(Row::new(&stored.name, &stored.text, false));
    }
    let is_active = |row: &Row| match &active {
        Some(active) => row.text == active.text,
        None => row.name == Profile::DEFAULT && row.is_built_in,
    };
    if context.terminal.is_json() {
        let rows: Vec<serde_json::Value> = rows
            .iter()
            .map(|row| {
                json!({"name": row.name, "title": row.title, "types": row.types, "built_in": row.is_built_in,
                       "active": is_active(row)})
            })
            .collect();
        context.terminal.json(&json!({"profiles": rows}))?;
        return Ok(Exit::Done);
    }
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in &rows {
        let mark = if is_active(row) { "*" } else { " " };
        let origin = if row.is_built_in { "built in" } else { "kept in this database" };
        let name = style::bold(format!("{:width$}", row.name));
        context.terminal.line(format!("{mark} {name}  {} ({}), {origin}", row.title, row.types.join(", ")))?;
    }
    context.terminal.hint("`gleaner profile use NAME` makes another one the active (*) one");
    Ok(Exit::Done)
}

struct Row {
    name: String,
    title: String,
    types: Vec<String>,
    text: String,
    is_built_in: bool,
}

impl Row {
    fn new(name: &str, text: &str, is_built_in: bool) -> Self {
        // A text that an earlier version kept and this one cannot read is still shown by its name.
        let profile = Profile::parse(text).ok();
        Self {
            name: name.to_owned(),
            title: profile.as_ref().map_or_else(|| "cannot be read".into(), |profile| profile.title.clone()),
            types: profile.iter().flat_map(|profile| &profile.types).map(|known| known.name.clone()).collect(),
            text: text.to_owned(),
            is_built_in,
        }
    }
}

fn show(args: &ShowArgs, context: &Context) -> anyhow::Result<Exit> {
    let profile = Profile::parse(&find(args.profile.as_deref(), context)?)?;
    let options = configured(&context.config)?;
    let terminal = &context.terminal;
    if let Some(kind) = args.prompt {
        let kind = match kind {
            KindArg::Topic => Kind::Topic,
            KindArg::Entity => Kind::Entity,
        };
        let prompt = profile::make_prompt(&profile, kind, &options)?;
        if terminal.is_json() {
            terminal.json(&prompt)?;
        } else {
            terminal.line(&prompt.instructions)?;
            terminal.line("")?;
            terminal.line(serde_json::to_string_pretty(&prompt.schema)?)?;
        }
        return Ok(Exit::Done);
    }
    if terminal.is_json() {
        terminal.json(&as_json(&profile))?;
        return Ok(Exit::Done);
    }
    let model = &profile.model;
    let parameters = [
        model.reasoning_effort.as_ref().map(|word| format!("reasoning effort {word}")),
        model.verbosity.as_ref().map(|word| format!("verbosity {word}")),
        model.max_output_tokens.map(|n| format!("at most {} output tokens", words::number(n.into()))),
        model.temperature.map(|t| format!("temperature {t}")),
    ];
    let parameters: Vec<String> = parameters.into_iter().flatten().collect();
    terminal.line(format!("{}  {}", style::bold(&profile.name), profile.title))?;
    terminal.line(format!("model     {}  {}", model.name, parameters.join(", ")))?;
    terminal.line(format!("topics    at most {}, in {}", profile.max_topics, profile.language))?;
    if let Some(allowed) = &profile.allowed_topics {
        terminal.line(format!("  {}", choice(allowed)))?;
    }
    terminal.line(format!("entities  at most {}, of these types:", profile.max_entities))?;
    for known in &profile.types {
        terminal.line(format!("  {}  {}", style::bold(&known.name), known.description))?;
        for (label, text) in type_facts(known) {
            terminal.line(format!("    {label}: {text}"))?;
        }
    }
    terminal.hint("`--prompt topic` and `--prompt entity` show what is sent, `gleaner profile export` the whole text");
    Ok(Exit::Done)
}

/// Says from how many topics a model is to choose, and where it finds them.
fn choice(allowed: &Allowed) -> String {
    format!(
        "{} to choose from, {}; {}",
        words::count(allowed.topics.len() as u64, "topic"),
        if allowed.is_in_schema() { "in the schema" } else { "in the instructions" },
        if allowed.others { "others where none fits" } else { "no others" }
    )
}

fn type_facts(known: &EntityType) -> Vec<(&'static str, String)> {
    let mut facts = vec![];
    if !known.hints.is_empty() {
        facts.push(("hints", known.hints.join(", ")));
    }
    for (label, wanted) in [("change with time", true), ("do not change", false)] {
        let hints = hints_by(known, wanted);
        if !hints.is_empty() {
            facts.push((label, hints.join(", ")));
        }
    }
    if !known.require_any.is_empty() {
        facts.push(("needs one of", known.require_any.join(", ")));
    }
    if let Some(pair) = &known.pair {
        let with =
            if pair.with.is_empty() { String::new() } else { format!(", told apart by {}", pair.with.join(", ")) };
        facts.push(("pair", format!("two of type {}, in {} and {}{with}", pair.members, pair.home, pair.away)));
    }
    if !known.maps.is_empty() {
        facts.push(("catalog types", known.maps.join(", ")));
    }
    facts
}

/// Returns the hints of which the profile says that they change with time, or that they do not.
fn hints_by(known: &EntityType, changes: bool) -> Vec<&str> {
    known.changes.iter().filter(|(_, told)| **told == changes).map(|(hint, _)| hint.as_str()).collect()
}

fn as_json(profile: &Profile) -> serde_json::Value {
    let types: Vec<serde_json::Value> = profile
        .types
        .iter()
        .map(|known| {
            let pair = known
                .pair
                .as_ref()
                .map(|pair| json!({"members": pair.members, "home": pair.home, "away": pair.away, "with": pair.with}));
            json!({"name": known.name, "description": known.description, "maps": known.maps, "hints": known.hints,
                   "changing_hints": hints_by(known, true), "lasting_hints": hints_by(known, false),
                   "require_any": known.require_any, "pair": pair})
        })
        .collect();
    let model = &profile.model;
    let allowed = profile.allowed_topics.as_ref().map(
        |allowed| json!({"topics": allowed.topics, "others": allowed.others, "in_schema": allowed.is_in_schema()}),
    );
    json!({
        "name": profile.name, "title": profile.title, "language": profile.language,
        "max_topics": profile.max_topics, "max_entities": profile.max_entities,
        "model": {"name": model.name, "reasoning_effort": model.reasoning_effort, "verbosity": model.verbosity,
                  "max_output_tokens": model.max_output_tokens, "temperature": model.temperature},
        "allowed_topics": allowed,
        "types": types,
    })
}

fn make_active(args: &UseArgs, context: &Context) -> anyhow::Result<Exit> {
    let text = find(Some(&args.profile), context)?;
    Profile::parse(&text).with_context(|| format!("profile `{}` cannot be used", args.profile))?;
    let now = context.config.now_text();
    let mut store = context.open_or_create()?;
    let before = store.read().active_profile()?;
    let tx = store.write()?;
    let stored = active_profile::activate(&tx, &text, &now)?;
    tx.commit()?;
    let is_new = before.as_ref().map(|before| before.id) != Some(stored.id);
    if context.terminal.is_json() {
        context.terminal.json(&json!({"active": stored.name, "sha256": stored.sha256, "changed": is_new}))?;
        return Ok(Exit::Done);
    }
    let StoredProfile { name, .. } = &stored;
    context.terminal.line(if is_new {
        format!("`{name}` is now active")
    } else {
        format!("`{name}` was active already")
    })?;
    if Profile::builtin(name).is_some_and(|built_in| built_in != text) {
        context.terminal.hint(format!(
            "by the name `{name}` the built-in profile is meant; with a `name` of its own this one is found again by \
             `gleaner profile use NAME`"
        ));
    }
    if before.is_some() && is_new {
        context.terminal.hint("`gleaner progress` counts what this makes stale; only `--stale` asks it again");
    }
    Ok(Exit::Done)
}

fn check(args: &CheckArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut results = vec![];
    for named in &args.profiles {
        let text = find(Some(named), context)?;
        let problems = profile::check(&text);
        let allowed = Profile::parse(&text).ok().and_then(|profile| profile.allowed_topics);
        results.push((named, problems, allowed));
    }
    let is_sound = results.iter().all(|(_, problems, _)| problems.is_empty());
    let terminal = &context.terminal;
    for (named, problems, allowed) in &results {
        for problem in problems {
            terminal.complain(format!("{named}: {problem}"));
            if let Some(hint) = &problem.hint {
                terminal.hint(hint);
            }
        }
        if !terminal.is_json() {
            terminal.line(match (problems.len() as u64, allowed) {
                (0, None) => format!("{named}: nothing is wrong with it"),
                (0, Some(allowed)) => format!("{named}: nothing is wrong with it; {}", choice(allowed)),
                (n, _) => format!("{named}: {}", words::count(n, "problem")),
            })?;
        }
    }
    if terminal.is_json() {
        let profiles: Vec<serde_json::Value> = results
            .iter()
            .map(|(named, problems, _)| {
                let problems: Vec<serde_json::Value> = problems
                    .iter()
                    .map(|problem| json!({"place": problem.place, "message": problem.message, "hint": problem.hint}))
                    .collect();
                json!({"profile": named, "problems": problems})
            })
            .collect();
        terminal.json(&json!({"profiles": profiles}))?;
    }
    Ok(if is_sound { Exit::Done } else { Exit::Failed })
}

fn export(args: &ExportArgs, context: &Context) -> anyhow::Result<Exit> {
    let text = find(args.profile.as_deref(), context)?;
    write(&text, args.output.as_deref(), context)?;
    if let Some(path) = &args.output {
        context.terminal.hint(format!("change it, then `gleaner profile use {}`", path.display()));
    }
    Ok(Exit::Done)
}
