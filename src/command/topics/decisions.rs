//! `gleaner topics export` and `import`: what was decided about topics, and lists of synonyms, as CSV.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use crate::command::Context;
use crate::command::input;
use crate::command::output::{is_stdout, whole_file};
use crate::error::{Exit, Explain as _, usage};
use crate::report::csv::{Cell, Rows, plain};
use crate::store::{CatalogChange, Change, TopicDecision, TopicVerdict};
use crate::terminal::words;
use crate::text::separator::separator;
use crate::text::{single_spaced, topic_key};

/// A file larger than this is no list of topics.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const HEADS: [&str; 4] = ["topic", "verdict", "target", "decided_at"];

/// Names that the columns of other programs have for a topic that goes, and for what it becomes.
const TOPIC: [&str; 5] = ["topic", "synonym", "alias", "variant", "from"];
const TARGET: [&str; 6] = ["target", "into", "preferred", "canonical", "label", "to"];

/// Writes the decisions.
pub(super) fn export(path: Option<&Path>, context: &Context) -> anyhow::Result<Exit> {
    let decisions = context.open()?.read().topic_decisions()?;
    let write = |out: &mut dyn Write| {
        let mut rows = Rows::new(out, &HEADS)?;
        for decision in &decisions {
            let target = if decision.verdict == TopicVerdict::Not { &decision.target } else { &decision.label };
            rows.row(&[
                Cell::Text(&decision.topic),
                Cell::Text(decision.verdict.as_str()),
                Cell::Text(target),
                Cell::Text(&decision.decided_at),
            ])?;
        }
        rows.finish()
    };
    let Some(path) = path.filter(|path| !is_stdout(path)) else {
        context.terminal.raw(|out| write(out).map(drop))?;
        return Ok(Exit::Done);
    };
    whole_file(path, write)?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "rows": decisions.len()}))?;
    }
    context.terminal.done(format!(
        "wrote {} to `{}`",
        words::count(decisions.len() as u64, "decision"),
        path.display()
    ))?;
    Ok(Exit::Done)
}

/// Reads decisions; all of them hold, or none.
pub(super) fn import(path: &Path, context: &Context) -> anyhow::Result<Exit> {
    let on_path = || format!("cannot read `{}`", path.display());
    let text = input::text_or_stdin(path, FILE_BYTES_MAX)?;
    let decisions = read(&text).with_context(on_path)?;
    let mut store = context.open()?;
    let now = context.config.now_text();
    let change = Change::new("topics import", path.display().to_string(), &now);
    let tx = store.change(&change)?;
    let n_before = tx.read().n_topic_decisions()?;
    let mut n_changed = 0;
    for decision in &decisions {
        n_changed += u64::from(tx.load_topic_decision(decision, &now)? != CatalogChange::Unchanged);
    }
    let n_after = tx.read().n_topic_decisions()?;
    tx.commit()?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"rows": decisions.len(), "changed": n_changed, "decisions": n_after}))?;
    }
    context.terminal.done(format!(
        "{} read, {} new or changed; {} before, {} now",
        words::count(decisions.len() as u64, "decision"),
        words::number(n_changed),
        words::number(n_before),
        words::number(n_after)
    ))?;
    Ok(Exit::Done)
}

fn read(text: &str) -> anyhow::Result<Vec<TopicDecision>> {
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator(text.as_bytes());
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut columns: Option<[Option<usize>; 4]> = None;
    let mut decisions = vec![];
    for row in reader.records() {
        let row = row.map_err(|error| usage(error.to_string()))?;
        let n = row.position().map_or(0, csv::Position::line);
        let [topic_at, verdict_at, target_at, decided_at] = match columns {
            Some(columns) => columns,
            None => {
                let found = columns_of(&row);
                if found.is_none() && row.iter().filter(|cell| !cell.trim().is_empty()).count() > 2 {
                    return Err(usage(format!("line {n} has more than two cells, and no names of columns")))
                        .hint("name the columns `topic` and `target` in the first line");
                }
                // A list without names of columns is of two: a topic, and what it becomes.
                columns = Some(found.unwrap_or([Some(0), None, Some(1), None]));
                if found.is_some() {
                    continue;
                }
                [Some(0), None, Some(1), None]
            }
        };
        let cell = |at: Option<usize>| plain(at.and_then(|at| row.get(at)).unwrap_or_default()).trim().to_owned();
        let (topic, target) = (topic_key(&cell(topic_at)), cell(target_at));
        if topic.is_empty() && target.is_empty() {
            continue;
        }
        let key = topic_key(&target);
        let verdict = match cell(verdict_at).to_lowercase().as_str() {
            "" => TopicVerdict::Is,
            word => match TopicVerdict::named(word) {
                Some(verdict) => verdict,
                None => {
                    return Err(usage(format!("line {n}: `{word}` is no verdict")))
                        .hint("`is`, `not`, `parent` or `drop`");
                }
            },
        };
        if verdict == TopicVerdict::Drop && !topic.is_empty() {
            let decided_at = cell(decided_at);
            decisions.push(TopicDecision { topic, verdict, target: String::new(), label: String::new(), decided_at });
            continue;
        }
        if topic.is_empty() || key.is_empty() {
            return Err(usage(format!("line {n} does not name two topics")))
                .hint("each line is a topic and what it becomes, as in `injuries,injury update`");
        }
        // A list of synonyms may name the preferred word among them.
        if topic == key {
            continue;
        }
        decisions.push(TopicDecision {
            topic,
            verdict,
            target: key,
            label: single_spaced(&target),
            decided_at: cell(decided_at),
        });
    }
    Ok(decisions)
}

/// Returns where topic, verdict, target and time stand, if the row names columns.
fn columns_of(row: &csv::StringRecord) -> Option<[Option<usize>; 4]> {
    let at =
        |names: &[&str]| row.iter().position(|cell| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name)));
    Some([Some(at(&TOPIC)?), at(&["verdict"]), Some(at(&TARGET)?), at(&["decided_at"])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_and_synonyms_are_read_in_any_layout() {
        let check = |text: &str, expected: &[&str]| {
            let found = read(text).unwrap();
            let found: Vec<String> = found
                .iter()
                .map(|d| format!("{} {} {}/{} {}", d.topic, d.verdict.as_str(), d.target, d.label, d.decided_at))
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            "topic,verdict,target,decided_at\na,is,B,2026-01-01\nc,not,d,\ne,parent,F,\ng,drop,,\n",
            &["a is b/B 2026-01-01", "c not d/d ", "e parent f/F ", "g drop / "],
        );
        check(
            "Synonym;Preferred\nÉCONOMIE;Économie nationale\n;\n",
            &["économie is économie nationale/Économie nationale "],
        );
        check("injuries,Injury update\ninjury update,Injury update\n", &["injuries is injury update/Injury update "]);
        check("\u{feff}to\tfrom\nX\ty\n", &["y is x/X "]);
        check("", &[]);
        for (text, expected) in [
            ("a,\n", "line 1 does not name two topics"),
            (
                "mention,entity_type,mentions\nUN,institution,3\n",
                "line 1 has more than two cells, and no names of columns",
            ),
            ("topic,target,verdict\na,b,perhaps\n", "line 2: `perhaps` is no verdict"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }
}
