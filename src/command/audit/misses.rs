//! `gleaner audit misses`: what the model left out, and its recall.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::spreadsheet::{FILE_BYTES_MAX, say_written};
use crate::command::Context;
use crate::command::input;
use crate::command::output::whole_file;
use crate::command::shown::{day, title};
use crate::error::{Exit, Explain as _, usage};
use crate::report::csv::{Cell, Rows, plain};
use crate::report::recall::{Recall, estimate};
use crate::store::{Audit, AuditItem, Change, Read, Store};
use crate::terminal::table::wrap;
use crate::terminal::{style, words};
use crate::text::separator::separator;
use crate::text::single_spaced;

/// Words for "nothing was left out" and "cannot tell", where an empty cell means "not judged yet".
const NONE: &str = "none";
const UNSURE: &str = "unsure";

/// Asks about one group after the other.
pub(super) fn walk(store: &mut Store, audit: &Audit, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let items = store.read().audit_items(audit.id)?;
    let open: Vec<&AuditItem> = items.iter().filter(|item| item.verdict.is_none()).collect();
    terminal
        .status("what was left out, separated by `;` · nothing: Enter · ? cannot tell · q quit; all is saved at once");
    let mut shown = None;
    let mut n = 0;
    for item in open {
        if shown != Some(item.group) {
            show_group(store.read(), item, context)?;
            shown = Some(item.group);
        }
        terminal.line(format!("{} found: {}", plural(item), found(store.read(), item)?.join("; ")))?;
        let Some(typed) = terminal.ask(&format!("{} left out?", plural(item))) else { break };
        if typed == "q" {
            break;
        }
        let missed = match typed.as_str() {
            "?" => None,
            typed => Some(list(typed)),
        };
        save(store, audit, item, missed.as_deref(), "audit misses", context)?;
        n += 1;
    }
    terminal.status(format!("{} saved", words::count(n, "answer")));
    Ok(())
}

fn plural(item: &AuditItem) -> &'static str {
    if item.item_type == "topic" { "topics" } else { "names" }
}

fn list(typed: &str) -> Vec<String> {
    typed.split(';').map(single_spaced).filter(|name| !name.is_empty()).collect()
}

fn save(
    store: &mut Store,
    audit: &Audit,
    item: &AuditItem,
    missed: Option<&[String]>,
    subject: &str,
    context: &Context,
) -> anyhow::Result<()> {
    let now = context.config.now_text();
    let change = Change::new("audit", subject, &now);
    let tx = store.change(&change)?;
    tx.judge_misses(audit.id, item.ordinal, missed, &now)?;
    tx.commit()
}

fn show_group(read: Read<'_>, item: &AuditItem, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let Some(row) = item.group.map(|group| read.group(group)).transpose()?.flatten() else { return Ok(()) };
    terminal.line("")?;
    if let Some(head) = read.group_head(row.key)? {
        terminal.line(format!("{}  {}", style::bold(title(&head)), style::dim(day(head.at.as_deref()))))?;
    }
    for story in &row.group.stories {
        for line in wrap(&style::single_line(&story.text), terminal.width().min(100)) {
            terminal.line(format!("  {line}"))?;
        }
    }
    Ok(())
}

/// Returns what the model found in an item's group.
fn found(read: Read<'_>, item: &AuditItem) -> anyhow::Result<Vec<String>> {
    let Some(group) = item.group else { return Ok(vec![]) };
    let names: Vec<String> = match item.item_type.as_str() {
        "topic" => read.topics_of(group)?.into_iter().map(|topic| topic.label).collect(),
        _ => read.mentions_of(group)?.into_iter().map(|mention| mention.text).collect(),
    };
    Ok(names.iter().map(|name| style::single_line(name)).collect())
}

/// Writes the sample as a table.
pub(super) fn write_csv(store: &Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<Exit> {
    let read = store.read();
    let items = read.audit_items(audit.id)?;
    if path.exists() {
        return Err(usage(format!("`{}` is there already", path.display())))
            .hint("it may hold answers that were not read yet; name another file");
    }
    whole_file(path, |out: &mut dyn Write| {
        let mut rows = Rows::new(out, &["item", "missed", "kind", "found", "group_id", "group_title", "text"])?;
        for item in &items {
            let row = item.group.map(|group| read.group(group)).transpose()?.flatten();
            let stories = row.as_ref().map(|row| row.group.stories.as_slice()).unwrap_or_default();
            let text: Vec<&str> = stories.iter().map(|story| story.text.as_str()).collect();
            let missed = match (item.verdict.as_deref(), item.missed.as_slice()) {
                (None, _) => String::new(),
                (Some(UNSURE), _) => UNSURE.to_owned(),
                (_, []) => NONE.to_owned(),
                (_, missed) => missed.join("; "),
            };
            rows.row(&[
                Cell::Count(item.ordinal.into()),
                Cell::Owned(missed),
                Cell::Text(plural(item)),
                Cell::Owned(found(read, item)?.join("; ")),
                Cell::Opt(row.as_ref().map(|row| row.group.id.as_str())),
                Cell::Opt(row.as_ref().and_then(|row| row.group.title.as_deref())),
                Cell::Owned(text.join("\n")),
            ])?;
        }
        rows.finish()
    })?;
    let next = format!(
        "fill `missed` with what was left out, separated by `;`, or `{NONE}` or `{UNSURE}`, then `gleaner audit misses \
         --from` it"
    );
    say_written(path, items.len(), &next, context)
}

/// Reads what was filled in; all of it, or nothing.
pub(super) fn read_csv(store: &mut Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<()> {
    let on_path = || format!("cannot read `{}`", path.display());
    let text = input::text(path, FILE_BYTES_MAX).with_context(on_path)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator(text.as_bytes())).flexible(true).from_reader(text.as_bytes());
    let heads = reader.headers().with_context(on_path)?.clone();
    let column = |name: &str| {
        let missing = || usage(format!("`{}` has no column `{name}`", path.display()));
        heads
            .iter()
            .position(|head| head == name)
            .ok_or_else(missing)
            .hint("`gleaner audit misses --to FILE.csv` writes one")
    };
    let (item_at, missed_at) = (column("item")?, column("missed")?);
    let items = store.read().audit_items(audit.id)?;
    let now = context.config.now_text();
    let change = Change::new("audit", path.display().to_string(), &now);
    let tx = store.change(&change)?;
    let mut n = 0;
    for row in reader.records() {
        let row = row.with_context(on_path)?;
        let typed = plain(row.get(missed_at).unwrap_or_default()).trim().to_owned();
        if typed.is_empty() {
            continue;
        }
        let ordinal = row.get(item_at).and_then(|text| text.trim().parse::<u32>().ok());
        let item = ordinal.and_then(|ordinal| items.iter().find(|item| item.ordinal == ordinal));
        let item =
            item.ok_or_else(|| usage(format!("`{}` names an item that is not of this sample", path.display())))?;
        let missed = match typed.to_lowercase().as_str() {
            UNSURE | "?" => None,
            NONE => Some(vec![]),
            _ => Some(list(&typed)),
        };
        tx.judge_misses(audit.id, item.ordinal, missed.as_deref(), &now)?;
        n += 1;
    }
    tx.commit()?;
    context.terminal.status(words::count(n, "answer"));
    Ok(())
}

/// Says how much of what is there the model found.
pub(super) fn show(store: &Store, audit: &Audit, context: &Context) -> anyhow::Result<Exit> {
    let items = store.read().audit_items(audit.id)?;
    let recall = |kind: &str| -> Option<Recall> {
        let judged = items.iter().filter(|item| item.item_type == kind);
        let judged = judged.filter(|item| matches!(item.verdict.as_deref(), Some("right" | "wrong")));
        estimate(&judged.map(|item| (item.n_found.unwrap_or(0), item.missed.len() as u64)).collect::<Vec<_>>())
    };
    let found = [("topics", recall("topic")), ("names", recall("name"))];
    let n_open = items.iter().filter(|item| item.verdict.is_none()).count() as u64;
    let terminal = &context.terminal;
    if terminal.is_json() {
        let recalls: serde_json::Map<_, _> = found
            .iter()
            .map(|(kind, recall)| Ok(((*kind).to_owned(), serde_json::to_value(recall)?)))
            .collect::<serde_json::Result<_>>()?;
        terminal.json(&json!({
            "what": "misses", "seed": audit.seed, "created_at": audit.created_at, "items": audit.n_items,
            "open": n_open, "recall": recalls,
        }))?;
        return Ok(Exit::Done);
    }
    let p = |x: f64| format!("{:.1}", x * 100.0);
    for (kind, recall) in found.iter().filter_map(|(kind, recall)| Some((kind, recall.as_ref()?))) {
        terminal.line(format!(
            "recall of {kind}: {}",
            style::bold(format!(
                "{} % (95 % confidence interval: {} to {} %), {} found and {} left out in {}",
                p(recall.recall),
                p(recall.low),
                p(recall.high),
                words::number(recall.found),
                words::number(recall.missed),
                words::count(recall.groups, "group")
            ))
        ))?;
    }
    terminal.status(format!(
        "{} open of {}; sample drawn {} with seed {}",
        words::number(n_open),
        words::count(audit.n_items, "item"),
        day(Some(&audit.created_at)),
        audit.seed
    ));
    if found.iter().all(|(_, recall)| recall.is_none()) {
        terminal
            .hint("`gleaner audit misses` on a terminal asks about each group; `--to FILE.csv` makes a table of it");
    }
    Ok(Exit::Done)
}
