//! `gleaner resolve`: try the linking, or do it again for the whole database. Offline.

mod all;
mod file;

use std::collections::BTreeSet;
use std::rc::Rc;

use anyhow::Result;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::cli::resolve::ResolveArgs;
use crate::command::Context;
use crate::command::explained::{part_json, round};
use crate::command::known_types::check_any_type;
use crate::command::unresolved::scope::hints;
use crate::error::{Exit, usage};
use crate::linking::typed_name::{self, WhyShown};
use crate::linking::{self, Linker, Load};
use crate::model::facts;
use crate::model::{Attributes, EntityKey, LinkOutcome, attribute_name};
use crate::profile::Profile;
use crate::resolve::{Candidate, Query, Resolution, Strictness};
use crate::session::explain;
use crate::store::{Read, active_profile};
use crate::terminal::Terminal;
use crate::terminal::style::{bold, dim, single_line};
use crate::terminal::words;
use crate::text::nearest;
use crate::text::plain_name;

/// Different names of hints that are looked at in a file.
const HINTS_SEEN_MAX: usize = 1000;
/// Attributes that are named where none is near.
const ATTRIBUTES_NAMED: usize = 8;

/// Runs the command.
pub(super) fn run(args: &ResolveArgs, context: &Context) -> Result<Exit> {
    let strictness = match (args.strict, args.loose) {
        (true, _) => Strictness::Strict,
        (_, true) => Strictness::Loose,
        _ => Strictness::Default,
    };
    if args.all {
        return all::run(args, strictness, context);
    }
    let mut store = context.open()?;
    linking::refresh_if_useless(&mut store)?;
    if !store.read().has_entities()? {
        context
            .terminal
            .hint("the catalog is empty; `gleaner load entities FILE` fills it, `gleaner catalog propose` makes one");
    }
    let manner =
        Manner { strictness, load: if args.file.is_some() { Load::Many } else { Load::One }, explain: args.explain };
    check_any_type(store.read(), args.entity_type.as_deref())?;
    match (&args.file, &args.mention) {
        (Some(path), _) => file::answer(&store, manner, args, path, context),
        (None, Some(mention)) if plain_name(mention).is_empty() => Err(usage("the mention is empty")),
        (None, Some(mention)) => {
            let line = Line {
                mention: mention.clone(),
                entity_type: args.entity_type.clone(),
                hints: hints(&args.hints)?,
                context: args.context.clone(),
            };
            let snapshot = store.snapshot()?;
            LineResolver::open(snapshot.read(), manner)?.one(&line, context)
        }
        (None, None) => Err(usage("give a mention, `--file FILE` or `--all`")),
    }
}

/// Answering of mentions.
#[derive(Clone, Copy)]
struct Manner {
    strictness: Strictness,
    load: Load,
    explain: bool,
}

/// A mention to resolve, as it stands in a file. Other fields are left out before: that they are JSON has been seen to then.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    mention: String,
    #[serde(rename = "type", default)]
    entity_type: Option<String>,
    #[serde(default, deserialize_with = "read_hints")]
    hints: Attributes,
    #[serde(default)]
    context: Option<String>,
}

impl Line {
    /// Names of its fields.
    const FIELDS: [&str; 4] = ["mention", "type", "hints", "context"];
}

/// Reads the hints of a line: names as profiles write them, and values of any plain kind.
fn read_hints<'de, D: Deserializer<'de>>(reader: D) -> std::result::Result<Attributes, D::Error> {
    let fields = Option::<serde_json::Map<String, Value>>::deserialize(reader)?.unwrap_or_default();
    Ok(fields.iter().filter_map(|(name, value)| Some((attribute_name(name), text(value)?))).collect())
}

/// An answer, one a line.
#[derive(Debug, Serialize)]
struct ResolvedLine<'a> {
    mention: &'a str,
    entity_id: Option<&'a str>,
    entity_type: Option<&'a str>,
    name: Option<&'a str>,
    score: f64,
    method: &'static str,
    outcome: &'static str,
    candidates: &'a [Listed],
    /// Remarks on the two that a pair is made of, with `--explain`.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    remarks: &'a [String],
}

/// A candidate of an answer.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(skip)]
    entity: EntityKey,
    entity_id: String,
    entity_type: String,
    name: String,
    score: f64,
    /// Reason for which it is shown all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Value>,
}

struct LineResolver<'a> {
    linker: Linker<'a>,
    profile: Profile,
    read: Read<'a>,
    strictness: Strictness,
    explain: bool,
    /// Names of hints that were looked at: a file's lines have the same.
    seen_hints: BTreeSet<String>,
    seen_types: BTreeSet<String>,
}

impl<'a> LineResolver<'a> {
    fn open(read: Read<'a>, Manner { strictness, load, explain }: Manner) -> Result<Self> {
        let mut linker = Linker::open(read, strictness, load)?;
        linker.explain(explain);
        Ok(Self {
            profile: active_profile::active(read)?,
            linker,
            read,
            strictness,
            explain,
            seen_hints: BTreeSet::new(),
            seen_types: BTreeSet::new(),
        })
    }

    /// Answers a line of a file with one of JSON.
    fn answered(&mut self, line: &Line, terminal: &Terminal) -> Result<String> {
        self.say_unknown_hints(line, terminal);
        self.say_unknown_type(line, terminal)?;
        let resolution = self.decide(line)?;
        let others = self.of_other_types(line, &resolution)?;
        let candidates = self.candidates(line, &resolution, &others)?;
        Ok(serde_json::to_string(&self.answer(line, &resolution, &candidates))?)
    }

    /// Says once of each hint that no attribute is called so: a slip of the hand would stay unseen.
    fn say_unknown_hints(&mut self, line: &Line, terminal: &Terminal) {
        for hint in line.hints.keys() {
            if self.seen_hints.contains(hint) || self.seen_hints.len() >= HINTS_SEEN_MAX {
                continue;
            }
            self.seen_hints.insert(hint.clone());
            let types = self.types_of(line);
            let Some(attributes) = self.linker.unknown_hint(&self.profile, &types, hint) else { continue };
            let hint = single_line(hint);
            if attributes.is_empty() {
                terminal
                    .warn(format!("the hint `{hint}` tells nothing: the catalog has no attributes to compare it with"));
                continue;
            }
            terminal.warn(format!(
                "no entity has an attribute `{hint}`: of the hint only the very same value under another name counts"
            ));
            match nearest(&hint, &attributes) {
                Some(meant) => terminal.hint(format!("did you mean `{}`?", single_line(meant))),
                None => {
                    let known: Vec<String> =
                        attributes.iter().take(ATTRIBUTES_NAMED).map(|name| single_line(name)).collect();
                    terminal.hint(format!("the catalog has {}", words::list(&known, "and")));
                }
            }
        }
    }

    /// Says once of each type that neither the catalog nor the profile has it: nothing is linked to it.
    fn say_unknown_type(&mut self, line: &Line, terminal: &Terminal) -> Result<()> {
        let Some(entity_type) = &line.entity_type else { return Ok(()) };
        if self.seen_types.contains(entity_type) || self.seen_types.len() >= HINTS_SEEN_MAX {
            return Ok(());
        }
        self.seen_types.insert(entity_type.clone());
        if let Err(error) = check_any_type(self.read, Some(entity_type)) {
            let said = explain(&error);
            terminal.warn(said.message);
            said.hints.iter().for_each(|hint| terminal.hint(hint));
        }
        Ok(())
    }

    fn types_of(&mut self, line: &Line) -> Rc<[String]> {
        line.entity_type.as_deref().map_or_else(Rc::default, |name| self.linker.types_named(&self.profile, name))
    }

    fn of_other_types(&mut self, line: &Line, resolution: &Resolution) -> Result<Vec<Candidate>> {
        if line.entity_type.is_none() || resolution.outcome == LinkOutcome::Linked {
            return Ok(vec![]);
        }
        let known: Vec<EntityKey> = resolution.candidates.iter().map(|candidate| candidate.entity).collect();
        typed_name::of_other_types(&mut self.linker, self.read, &line.mention, &known)
    }

    fn decide(&mut self, line: &Line) -> Result<Resolution> {
        let types = self.types_of(line);
        let mention = plain_name(&line.mention);
        let query = Query {
            text: &mention,
            types: &types,
            hints: &line.hints,
            context: line.context.as_deref().unwrap_or_default(),
        };
        self.linker.decide(&self.profile, line.entity_type.as_deref().unwrap_or_default(), &query)
    }

    /// Returns the candidates that an answer lists.
    fn candidates(&mut self, line: &Line, resolution: &Resolution, others: &[Candidate]) -> Result<Vec<Listed>> {
        let mut candidates = Vec::with_capacity(resolution.candidates.len() + others.len());
        for candidate in &resolution.candidates {
            candidates.extend(self.listed(candidate)?);
        }
        if others.is_empty() {
            return Ok(candidates);
        }
        let types = self.types_of(line);
        let meant = (line.entity_type.as_deref().unwrap_or_default(), &line.hints);
        let why = WhyShown::of(self.read, &line.mention, meant, &types)?;
        for other in others {
            let listed = self.listed(other)?;
            let note = |listed: &Listed| Some(why.words(other.entity, &listed.entity_type));
            candidates.extend(listed.map(|listed| Listed { note: note(&listed), ..listed }));
        }
        Ok(candidates)
    }

    fn answer<'l>(&'l self, line: &'l Line, resolution: &Resolution, candidates: &'l [Listed]) -> ResolvedLine<'l> {
        let linked = resolution.outcome == LinkOutcome::Linked;
        let entity = candidates.first().filter(|_| linked);
        ResolvedLine {
            mention: &line.mention,
            entity_id: entity.map(|entity| entity.entity_id.as_str()),
            entity_type: entity.map(|entity| entity.entity_type.as_str()),
            name: entity.map(|entity| entity.name.as_str()),
            score: round(resolution.score),
            method: resolution.method.as_str(),
            outcome: resolution.outcome.as_str(),
            candidates,
            remarks: self.linker.remarks(),
        }
    }

    fn listed(&self, candidate: &Candidate) -> Result<Option<Listed>> {
        let (entity_id, entity_type, name) = if candidate.is_indexed() {
            let entity = self.linker.describe(candidate)?;
            (entity.id, entity.entity_type, entity.name)
        } else {
            match self.read.entity_name(candidate.entity)? {
                Some(found) => found,
                None => return Ok(None),
            }
        };
        Ok(Some(Listed {
            entity: candidate.entity,
            entity_id,
            entity_type,
            name,
            score: round(candidate.score),
            note: None,
            parts: candidate.parts.iter().map(part_json).collect(),
        }))
    }

    /// Returns whether a mention would have been linked but for the strictness that was asked for.
    fn is_too_strict(&self, resolution: &Resolution) -> bool {
        let default = Strictness::Default.threshold();
        self.strictness == Strictness::Strict && resolution.candidates.first().is_some_and(|best| best.score >= default)
    }

    /// Shows one mention, for a person or as JSON.
    fn one(&mut self, line: &Line, context: &Context) -> Result<Exit> {
        self.say_unknown_hints(line, &context.terminal);
        let resolution = self.decide(line)?;
        let others = self.of_other_types(line, &resolution)?;
        let candidates = self.candidates(line, &resolution, &others)?;
        let answer = self.answer(line, &resolution, &candidates);
        if context.terminal.is_json() {
            context.terminal.json(&answer)?;
            return Ok(Exit::Done);
        }
        let head = match (&answer.name, &answer.entity_id, &answer.entity_type) {
            (Some(name), Some(id), Some(kind)) => format!(
                "{} ({kind} {}), {:.0} % sure, by {}",
                bold(single_line(name)),
                single_line(id),
                100.0 * answer.score,
                answer.method
            ),
            _ if resolution.outcome == LinkOutcome::Ambiguous => "ambiguous: several entities fit".to_owned(),
            _ if self.is_too_strict(&resolution) => format!(
                "unknown: nothing in the catalog is sure enough for a strict link ({:.0} %, and no doubt)",
                100.0 * self.strictness.threshold()
            ),
            _ => "unknown: nothing in the catalog fits well enough".to_owned(),
        };
        context.terminal.line(head)?;
        if resolution.outcome == LinkOutcome::Linked && !self.explain {
            return Ok(Exit::Done);
        }
        for remark in answer.remarks {
            context.terminal.line(format!("  {}", dim(single_line(remark))))?;
        }
        let attributes = answer.candidates.iter().map(|candidate| self.read.entity(candidate.entity));
        let attributes: Vec<Attributes> = attributes
            .map(|entity| Ok(entity?.map(|entity| entity.attributes).unwrap_or_default()))
            .collect::<Result<_>>()?;
        let facts = facts(&attributes.iter().collect::<Vec<_>>());
        for (candidate, facts) in answer.candidates.iter().zip(facts) {
            let score = match candidate.note {
                Some(_) => "    -".to_owned(),
                None => format!("{:>3.0} %", 100.0 * candidate.score),
            };
            let note = candidate.note.as_deref().map(|note| format!("  {}", single_line(note)));
            let facts = if facts.is_empty() { facts } else { format!("  {}", dim(single_line(&facts))) };
            context.terminal.line(format!(
                "  {score}  {} {}{}{facts}",
                single_line(&candidate.name),
                dim(format!("({} {})", single_line(&candidate.entity_type), single_line(&candidate.entity_id))),
                note.unwrap_or_default()
            ))?;
            for part in &candidate.parts {
                let what = part["what"].as_str().unwrap_or_default();
                match part["log_odds"].as_f64() {
                    Some(value) => context.terminal.line(format!("         {value:+.2}  {}", single_line(what)))?,
                    None => context.terminal.line(format!("                {}", dim(single_line(what))))?,
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
