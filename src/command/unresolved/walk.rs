//! `gleaner unresolved walk`: one mention after the other, one key a decision.

use crate::answer::grounding;
use crate::cli::explore::QueueArgs;
use crate::command::Context;
use crate::command::excerpt::{Mark, excerpt, mark, places};
use crate::command::shown::{day, title};
use crate::command::unresolved::list::{cases, lines};
use crate::command::unresolved::report::changes;
use crate::curation::mentions::{self, About, Case, Choice, Done};
use crate::error::{Exit, Explain as _, usage};
use crate::linking::typed_name::one_entity;
use crate::session::explain;
use crate::store::Store;
use crate::terminal::table::wrap;
use crate::terminal::{style, words};

/// Bytes of a story shown on each side of the mention.
const AROUND: usize = 160;

/// Runs the walk.
pub(super) fn run(store: &mut Store, queue: &QueueArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    if !terminal.is_interactive() {
        return Err(usage("a walk needs a terminal"))
            .hint("`gleaner unresolved export -o FILE.csv` and `gleaner unresolved import FILE.csv` do without");
    }
    let (cases, ..) = cases(store, queue)?;
    terminal.status(
        "1-9 it is that candidate · n none of the catalog · o another entity · c create one · s skip · u undo · q quit",
    );
    let mut done: Vec<(usize, Option<Done>)> = vec![];
    let mut i = 0;
    while let Some(case) = cases.get(i) {
        terminal.line("")?;
        terminal.line(style::dim(format!("{} of {}", i + 1, cases.len())))?;
        show(store, case, context)?;
        let Some(key) = terminal.key("[1-9/n/o/c/s/u/q]") else { break };
        let answer = match key {
            'q' => break,
            's' | '\n' => None,
            'u' => {
                let Some((back, what)) = done.pop() else {
                    terminal.status("there is nothing to undo");
                    continue;
                };
                if let Some(what) = what {
                    let tx = store.write()?;
                    mentions::undo(&tx, &what)?;
                    tx.commit()?;
                }
                i = back;
                continue;
            }
            _ => match answer(store, case, key, context) {
                Ok(Some(answer)) => Some(answer),
                Ok(None) => continue,
                Err(error) => {
                    // A name that is not there ends the question, not the walk.
                    terminal.error(&explain(&error));
                    continue;
                }
            },
        };
        let what = match answer {
            None => None,
            Some(answer) => {
                // It holds for every mention of that name and type; a narrower one is made with `unresolved accept`.
                let about = About {
                    mention: case.mention.mention.clone(),
                    entity_type: case.mention.entity_type.clone(),
                    hints: Default::default(),
                };
                let tx = store.write()?;
                let what = mentions::decide(&tx, &about, &answer, &context.config.now_text())?;
                tx.commit()?;
                terminal.status(changes(what.relinked));
                Some(what)
            }
        };
        done.push((i, what));
        i += 1;
    }
    let n = done.iter().filter(|(_, what)| what.is_some()).count() as u64;
    terminal.status(format!("{} saved", words::count(n, "decision")));
    Ok(Exit::Done)
}

fn answer(store: &Store, case: &Case, key: char, context: &Context) -> anyhow::Result<Option<Choice>> {
    let terminal = &context.terminal;
    Ok(match key {
        '1'..='9' => {
            let n = key as usize - '1' as usize;
            case.candidates.get(n).map(|candidate| Choice::Is(candidate.entity.key))
        }
        'n' => Some(Choice::Nothing),
        'o' => match terminal.ask("which entity (id, TYPE:ID or name)?").filter(|name| !name.is_empty()) {
            Some(name) => Some(Choice::Is(one_entity(store, &name)?)),
            None => None,
        },
        'c' => {
            let text = terminal.ask("TYPE:ID of the new entity?").unwrap_or_default();
            let parts = text.split_once(':').filter(|(t, id)| !t.is_empty() && !id.is_empty());
            parts.map(|(t, id)| Choice::New(mentions::new_entity(&case.mention.mention, t, id)))
        }
        _ => None,
    })
}

/// Shows a case with the mention in its text.
fn show(store: &Store, case: &Case, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    for line in lines(case) {
        terminal.line(line)?;
    }
    let Some(group) = case.groups.first() else { return Ok(()) };
    let Some(row) = store.read().group(group.key)? else { return Ok(()) };
    for story in &row.group.stories {
        let Some(place) = grounding::find(&story.text, &case.mention.mention) else { continue };
        let excerpt = excerpt(&story.text, place, AROUND);
        let marks = places(&excerpt, &case.mention.mention).into_iter().map(|place| (place, MARK)).collect();
        terminal.line(style::dim(format!("       {}  {}", day(group.at.as_deref()), title(group))))?;
        for line in wrap(&mark(&style::single_line(&excerpt), marks), terminal.width().saturating_sub(8).min(100)) {
            terminal.line(format!("       {line}"))?;
        }
        break;
    }
    Ok(())
}

const MARK: Mark = |word| style::yellow(word);
