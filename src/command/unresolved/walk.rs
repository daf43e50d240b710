//! `gleaner unresolved walk`: one mention after the other, one key a decision.

use crate::cli::unresolved::QueueArgs;
use crate::command::Context;
use crate::command::excerpt::{Mark, excerpt, first_place, mark, places};
use crate::command::shown::{day, title};
use crate::command::unresolved::list::{GROUPS, cases, lines};
use crate::command::unresolved::report::{changes, in_words};
use crate::curation::history;
use crate::curation::mentions::{self, About, Case, Cases, Choice, Reach};
use crate::error::{Exit, Explain as _, usage};
use crate::linking::typed_name::{SHOWN, one_entity};
use crate::session::explain;
use crate::store::{Change, Store, Unresolved};
use crate::terminal::table::wrap;
use crate::terminal::{Terminal, style, words};

/// Bytes of a story shown on each side of the mention.
const AROUND: usize = 160;

const KEYS: &str = "[1-9/n/o/c/l/h/e/s/u/q/?]";

const HELP: [&str; 11] = [
    "1-9  it is that candidate",
    "n    it is none of the catalog",
    "o    it is another entity, which you name",
    "c    it is one that the catalog lacks, which you name",
    "l    decide only here: for mentions that nothing links (so it begins)",
    "h    decide for every mention with these hints",
    "e    decide for every mention of that name and type, also the linked ones",
    "s    skip it",
    "u    undo the last decision and go back to it",
    "q    quit; every decision is saved at once",
    "?    this help",
];

/// Reach of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    OnlyHere,
    Hints,
    Everywhere,
}

/// Runs the walk.
pub(super) fn run(store: &mut Store, queue: &QueueArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if !terminal.is_interactive() {
        return Err(usage("a walk needs a terminal"))
            .hint("`gleaner unresolved export -o FILE.csv` and `gleaner unresolved import FILE.csv` do without");
    }
    let (mut cases, ..) = cases(store, queue)?;
    terminal.status("1-9 it is that candidate · n none of the catalog · o another entity · c create one · ? all keys");
    // Where each case stood that was answered, with the change that came of it.
    let mut done: Vec<(usize, Option<i64>)> = vec![];
    let mut i = 0;
    let mut scope = Scope::OnlyHere;
    let mut is_new = true;
    while let Some(case) = cases.get(i) {
        let is_decided = done.iter().any(|(_, change)| change.is_some());
        if is_new && is_decided && mentions::reach(store.read(), &about(case, Scope::OnlyHere))?.waiting == 0 {
            // A decision about another spelling, or for any hints, has settled it.
            i += 1;
            continue;
        }
        if is_new {
            terminal.line("")?;
            terminal.line(style::dim(format!("{} of {}", i + 1, cases.len())))?;
            show(store, case, context)?;
            scope = Scope::OnlyHere;
        }
        let about = about(case, scope);
        terminal.line(reach_in_words(&about, scope, &mentions::reach(store.read(), &about)?))?;
        is_new = false;
        let Some(key) = terminal.key(KEYS) else { break };
        let answer = match key {
            'q' => break,
            '?' => {
                help(terminal);
                continue;
            }
            'l' | 'e' => {
                scope = if key == 'l' { Scope::OnlyHere } else { Scope::Everywhere };
                continue;
            }
            'h' => {
                if case.hints.is_empty() {
                    terminal.status("there are no hints here");
                } else {
                    scope = Scope::Hints;
                }
                continue;
            }
            's' | '\n' => None,
            'u' => {
                let Some((back, change)) = done.pop() else {
                    terminal.status("there is nothing to undo");
                    continue;
                };
                if let Some(change) = change
                    && let Err(error) = history::take_back(store, change, &context.config.now_text())
                {
                    terminal.error(&explain(&error));
                    done.push((back, Some(change)));
                    continue;
                }
                i = back;
                is_new = true;
                continue;
            }
            _ => match answer(store, case, key, context) {
                Some(answer) => Some(answer),
                None => continue,
            },
        };
        let change = match answer {
            None => None,
            Some(answer) => match decide(store, &about, &answer, context) {
                Ok(change) => change,
                Err(error) => {
                    terminal.error(&explain(&error));
                    continue;
                }
            },
        };
        done.push((i, change));
        if scope == Scope::Hints && change.is_some() {
            let everywhere = About { hints: Default::default(), ..about };
            let waiting = mentions::reach(store.read(), &everywhere)?.waiting;
            if waiting > 0 {
                // Those with other hints are a case of their own.
                let rest = Unresolved { mentions: waiting, ..cases[i].mention.clone() };
                cases.insert(i + 1, Cases::open(store.read())?.case(rest, GROUPS, queue.candidates)?);
            }
        }
        i += 1;
        is_new = true;
    }
    let n = done.iter().filter(|(_, change)| change.is_some()).count() as u64;
    terminal.status(format!("{} saved", words::count(n, "decision")));
    Ok(Exit::Done)
}

fn help(terminal: &Terminal) {
    for line in HELP {
        terminal.status(line);
    }
}

/// Decides in a change of its own, and returns its id.
fn decide(store: &mut Store, about: &About, answer: &Choice, context: &Context) -> anyhow::Result<Option<i64>> {
    let now = context.config.now_text();
    let change = Change::new("unresolved walk", in_words(store, about, answer)?, &now);
    let tx = store.change(&change)?;
    let what = mentions::decide(&tx, about, answer, &now)?;
    tx.commit()?;
    context.terminal.status(changes(what.relinked));
    Ok(change.id())
}

fn about(case: &Case, scope: Scope) -> About {
    About {
        mention: case.mention.mention.clone(),
        entity_type: case.mention.entity_type.clone(),
        hints: if scope == Scope::Hints { case.hints.clone() } else { Default::default() },
        only_unlinked: scope == Scope::OnlyHere,
    }
}

/// Says which mentions the decision changes, before it is made.
fn reach_in_words(about: &About, scope: Scope, reach: &Reach) -> String {
    let hints: Vec<String> = about.hints.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let which = if hints.is_empty() { String::new() } else { format!(" where {}", hints.join(" and ")) };
    let mention = words::shorten(&about.mention, SHOWN);
    let mut text = format!("{mention}{which}: {} in this queue", words::count(reach.waiting, "mention"));
    let n_linked: u64 = reach.linked.values().sum();
    if n_linked > 0 {
        let methods: Vec<&str> = reach.linked.keys().map(String::as_str).collect();
        let more = format!("{} more linked by {}", words::number(n_linked), methods.join(", "));
        match scope {
            Scope::OnlyHere if n_linked == 1 => text.push_str(&format!(", {more} stays as it is")),
            Scope::OnlyHere => text.push_str(&format!(", {more} stay as they are")),
            Scope::Hints | Scope::Everywhere if n_linked == 1 => text.push_str(&format!(", {more} changes with them")),
            Scope::Hints | Scope::Everywhere => text.push_str(&format!(", {more} change with them")),
        }
    }
    style::dim(style::single_line(&text))
}

/// Returns what a key says, asking again for what cannot be; `None`: nothing.
fn answer(store: &Store, case: &Case, key: char, context: &Context) -> Option<Choice> {
    let terminal = &context.terminal;
    match key {
        '1'..='9' => {
            let n = key as usize - '1' as usize;
            case.candidates.get(n).map(|candidate| Choice::Is(candidate.entity.key))
        }
        'n' => Some(Choice::Nothing),
        'o' => loop {
            let name =
                terminal.ask("which entity (id, TYPE:ID or name; empty: none)?").filter(|name| !name.is_empty())?;
            match one_entity(store, &name) {
                Ok(entity) => return Some(Choice::Is(entity)),
                Err(error) => terminal.error(&explain(&error)),
            }
        },
        'c' => loop {
            let text = terminal.ask("TYPE:ID of the new entity (empty: none)?").filter(|text| !text.is_empty())?;
            let parts = text.split_once(':').filter(|(t, id)| !t.trim().is_empty() && !id.trim().is_empty());
            let Some((entity_type, id)) = parts else {
                terminal.status(format!("`{}` is not TYPE:ID", style::single_line(&text)));
                continue;
            };
            let entity = mentions::new_entity(&case.mention.mention, entity_type, id);
            match store.read().entity_key(&entity.entity_type, &entity.id) {
                Ok(None) => return Some(Choice::New(entity)),
                Ok(Some(_)) => terminal.status(format!(
                    "the catalog has `{}:{}` already; `o` links to it",
                    style::single_line(&entity.entity_type),
                    style::single_line(entity.id.as_str())
                )),
                Err(error) => terminal.error(&explain(&error)),
            }
        },
        _ => None,
    }
}
/// Shows a case with the mention in its text.
fn show(store: &Store, case: &Case, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    for line in lines(case) {
        terminal.line(line)?;
    }
    let Some(group) = case.groups.first() else { return Ok(()) };
    let Some(row) = store.read().group(group.key)? else { return Ok(()) };
    let all = store.read().mention_texts_of(group.key)?;
    if let Some((text, place)) = first_place(&row.group.stories, &case.mention.mention, &all) {
        let excerpt = excerpt(text, place, AROUND);
        let marks = places(&excerpt, &case.mention.mention, all.iter().map(String::as_str))
            .into_iter()
            .map(|place| (place, MARK))
            .collect();
        terminal.line(style::dim(format!("       {}  {}", day(group.at.as_deref()), title(group))))?;
        for line in wrap(&mark(&style::single_line(&excerpt), marks), terminal.width().saturating_sub(8).min(100)) {
            terminal.line(format!("       {line}"))?;
        }
    }
    Ok(())
}

const MARK: Mark = |word| style::yellow(word);
