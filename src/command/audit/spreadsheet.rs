//! A sample as a CSV file, for those who judge in a spreadsheet.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::{AROUND, TOPIC_TEXT};
use crate::command::Context;
use crate::command::excerpt::{excerpt, first_place};
use crate::command::garbled::{damage, refuse};
use crate::command::input;
use crate::command::output::whole_file;
use crate::curation::audit;
use crate::curation::mentions::Choice;
use crate::error::{Exit, Explain as _, usage};
use crate::report::csv::{Cell, Rows, plain};
use crate::store::{Audit, AuditItem, Change, Store};
use crate::terminal::words;
use crate::text::garbled::before_garbling;
use crate::text::separator::separator;

/// A file larger than this was not made from a sample.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

pub(crate) fn write_csv(store: &Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<Exit> {
    let read = store.read();
    let items = read.audit_items(audit.id)?;
    keep_judged(path, &items)?;
    whole_file(path, |out: &mut dyn Write| {
        let heads =
            ["item", "verdict", "mention", "linked_to", "type", "method", "score", "group_id", "group_title", "text"];
        let mut rows = Rows::for_spreadsheets(out, &heads)?;
        for item in &items {
            let entity = item.entity.map(|key| read.entity_head(key)).transpose()?.flatten();
            let row = item.group.map(|group| read.group(group)).transpose()?.flatten();
            let stories = row.as_ref().map(|row| row.group.stories.as_slice()).unwrap_or_default();
            let all = row.as_ref().map(|row| read.mention_texts_of(row.key)).transpose()?.unwrap_or_default();
            let text = first_place(stories, &item.item, &all).map(|(text, place)| excerpt(text, place, AROUND));
            let text = text.or_else(|| Some(excerpt(&stories.first()?.text, 0..0, TOPIC_TEXT)));
            rows.row(&[
                Cell::Count(item.ordinal.into()),
                Cell::Opt(item.verdict.as_deref()),
                Cell::Text(&item.item),
                Cell::Owned(entity.map_or(String::new(), |e| format!("{} [{}:{}]", e.name, e.entity_type, e.id))),
                Cell::Text(&item.item_type),
                Cell::Text(&item.method),
                Cell::Number(item.score),
                Cell::Opt(row.as_ref().map(|row| row.group.id.as_str())),
                Cell::Opt(row.as_ref().and_then(|row| row.group.title.as_deref())),
                Cell::Owned(text.unwrap_or_default()),
            ])?;
        }
        rows.finish()
    })?;
    say_written(
        path,
        items.len(),
        "fill `verdict` with right, wrong or unsure, then `gleaner audit --from` it",
        context,
    )
}

/// Says where a sample was written, and what to do with it.
pub(super) fn say_written(path: &Path, n_items: usize, next: &str, context: &Context) -> anyhow::Result<Exit> {
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "items": n_items}))?;
    }
    let n = words::count(n_items as u64, "item");
    context.terminal.done(format!("wrote {n} to `{}`; {next}", path.display()))?;
    Ok(Exit::Done)
}

/// Refuses to write over a table with verdicts that were not read yet.
fn keep_judged(path: &Path, items: &[AuditItem]) -> anyhow::Result<()> {
    let Some(text) = path.is_file().then(|| input::text(path, FILE_BYTES_MAX).ok()).flatten() else { return Ok(()) };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator(text.as_bytes())).flexible(true).from_reader(text.as_bytes());
    let Ok(heads) = reader.headers().cloned() else { return Ok(()) };
    let at = |name: &str| heads.iter().position(|head| head == name);
    let (Some(item_at), Some(verdict_at)) = (at("item"), at("verdict")) else { return Ok(()) };
    let is_new = |row: &csv::StringRecord| {
        let verdict = row.get(verdict_at).unwrap_or_default().trim();
        let ordinal = row.get(item_at).and_then(|text| text.trim().parse::<u32>().ok());
        let known = items.iter().find(|item| Some(item.ordinal) == ordinal).and_then(|item| item.verdict.as_deref());
        !verdict.is_empty() && known != Some(verdict)
    };
    match reader.records().flatten().filter(is_new).count() {
        0 => Ok(()),
        n => Err(usage(format!("`{}` has {} filled in", path.display(), words::count(n as u64, "verdict"))))
            .hint(format!("`gleaner audit --from {}` reads them; or name another file", path.display())),
    }
}

pub(crate) fn read_csv(store: &mut Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<()> {
    let on_path = || format!("cannot read `{}`", path.display());
    let text = input::text(path, FILE_BYTES_MAX).with_context(on_path)?;
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let heads = reader.headers().with_context(on_path)?.clone();
    let column = |name: &str| {
        heads
            .iter()
            .position(|head| head == name)
            .ok_or_else(|| usage(format!("`{}` has no column `{name}`", path.display())))
            .hint("`gleaner audit --to FILE.csv` writes one")
    };
    let (item_at, verdict_at) = (column("item")?, column("verdict")?);
    let (mention_at, group_at) =
        (heads.iter().position(|head| head == "mention"), heads.iter().position(|head| head == "group_id"));
    let items = store.read().audit_items(audit.id)?;
    let now = context.config.now_text();
    let change = Change::new("audit", path.display().to_string(), &now);
    let tx = store.change(&change)?;
    let (mut n, mut refused) = (0, vec![]);
    for (at, row) in reader.records().enumerate() {
        let row = row.with_context(on_path)?;
        let typed = row.get(verdict_at).unwrap_or_default().trim().to_lowercase();
        if typed.is_empty() {
            continue;
        }
        let read = || -> anyhow::Result<(&'static str, &AuditItem)> {
            if let Some(damage) = damage(&row, &heads) {
                return Err(usage(damage));
            }
            let verdict = match typed.as_str() {
                "right" | "r" | "y" | "yes" | "1" => "right",
                "wrong" | "w" | "n" | "no" | "0" => "wrong",
                "unsure" | "u" | "s" | "?" => "unsure",
                other => return Err(usage(format!("`{other}` is no verdict"))).hint("right, wrong or unsure"),
            };
            let ordinal = row.get(item_at).and_then(|text| text.trim().parse::<u32>().ok());
            let item = ordinal.and_then(|ordinal| items.iter().find(|item| item.ordinal == ordinal));
            let item =
                item.ok_or_else(|| usage(format!("`{}` names an item that is not of this sample", path.display())))?;
            let cell = |at: Option<usize>| at.and_then(|at| row.get(at)).map(|cell| plain(cell).trim());
            if let Some(mention) = cell(mention_at).filter(|mention| *mention != item.item.trim()) {
                return Err(match before_garbling(mention) {
                    Some(before) => {
                        usage(format!("`{mention}` was `{before}` before another program took it for another encoding"))
                    }
                    None => usage(format!("item {} is `{}` and not `{mention}`", item.ordinal, item.item)),
                })
                .hint("open the file as UTF-8 there, change the column `verdict` only, and save it as `CSV UTF-8`");
            }
            let group = item.group.map(|key| tx.read().group_head(key)).transpose()?.flatten();
            if let (Some(typed), Some(group)) = (cell(group_at), group)
                && typed != group.id.as_str().trim()
            {
                return Err(usage(format!("item {} is of group `{}` and not `{typed}`", item.ordinal, group.id)));
            }
            Ok((verdict, item))
        };
        let on_row = || format!("row {} of `{}`", at + 1, path.display());
        match read().with_context(on_row).exit(Exit::Usage) {
            Err(error) => refused.push(error),
            Ok((verdict, item)) => {
                tx.judge(audit.id, item.ordinal, Some(verdict), &now)?;
                // A wrong link is taken back, where that was not done before.
                let is_new = verdict == "wrong" && item.verdict.as_deref() != Some("wrong");
                if let (true, Some(entity)) = (is_new, item.entity) {
                    audit::correct(&tx, item, &Choice::Not(entity), &now)?;
                }
                n += 1;
            }
        }
    }
    refuse(refused, context)?;
    tx.commit()?;
    context.terminal.status(words::count(n, "verdict"));
    Ok(())
}
