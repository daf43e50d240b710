//! `gleaner audit`: how far the result can be trusted, by looking at a sample of it.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::Context;
use super::explore::{day, mark, percent, places, title};
use super::export::whole_file;
use super::unresolved::changes;
use super::walk::excerpt;
use crate::answer::grounding;
use crate::cli::explore::{AuditArgs, AuditWhatArg};
use crate::curation::audit::draw;
use crate::curation::mentions::{self, About, Answer};
use crate::error::{Exit, Explain as _, explain, usage};
use crate::explore::findings::{Findings, findings};
use crate::linking::typed_name::one_entity;
use crate::report::csv::{Cell, Rows};
use crate::report::precision::Precision;
use crate::store::{Audit, AuditItem, AuditWhat, Store};
use crate::terminal::table::{Side, Table, wrap};
use crate::terminal::{style, words};
use crate::text::separator::separator;

/// Bytes of a story shown on each side of a mention.
const AROUND: usize = 200;
/// Bytes of the stories shown for a topic.
const TOPIC_TEXT: usize = 600;

/// Runs the command.
pub(super) fn run(args: &AuditArgs, context: &Context) -> anyhow::Result<Exit> {
    let what = match args.what {
        AuditWhatArg::Links => AuditWhat::Links,
        AuditWhatArg::Topics => AuditWhat::Topics,
    };
    let mut store = context.open()?;
    let audit = sample(&mut store, what, args, context)?;
    let Some(audit) = audit else {
        context.terminal.status(format!("there are no {} to judge yet", what.as_str()));
        return Ok(Exit::Done);
    };
    if let Some(path) = &args.to {
        return write_csv(&store, &audit, path, context);
    }
    if let Some(path) = &args.from {
        read_csv(&mut store, &audit, path, context)?;
    } else if context.terminal.is_interactive() && !context.terminal.is_json() {
        walk(&mut store, what, &audit, context)?;
    }
    show(&store, what, &audit, context)
}

/// Returns the sample: the one that was begun, or a new one.
fn sample(store: &mut Store, what: AuditWhat, args: &AuditArgs, context: &Context) -> anyhow::Result<Option<Audit>> {
    let known = store.read().latest_audit(what)?;
    let is_wanted = args.sample.is_some() || known.is_none();
    if let Some(known) = known.filter(|known| !args.new && (!is_wanted || known.n_judged < known.n_items)) {
        if args.sample.is_some_and(|size| size as u64 != known.n_items) && known.n_judged < known.n_items {
            context.terminal.status(format!(
                "going on with the sample of {} that was begun; `--new` draws another",
                words::count(known.n_items, "item")
            ));
        }
        return Ok(Some(known));
    }
    let items = draw(store.read(), what, args.sample.unwrap_or(100), args.seed)?;
    if items.is_empty() {
        return Ok(None);
    }
    let tx = store.write()?;
    tx.keep_audit(what, args.seed, &items, &context.config.now_text())?;
    tx.commit()?;
    store.read().latest_audit(what)
}

/// Shows one item after the other and asks.
fn walk(store: &mut Store, what: AuditWhat, audit: &Audit, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let items = store.read().audit_items(audit.id)?;
    let Some(mut i) = items.iter().position(|item| item.verdict.is_none()) else { return Ok(()) };
    terminal.status("y right · n wrong · s unsure · u undo · q quit; every verdict is saved at once");
    let mut done: Vec<(usize, Option<mentions::Done>)> = vec![];
    while let Some(item) = items.get(i) {
        terminal.line("")?;
        terminal.line(style::dim(format!("{} of {}", i + 1, items.len())))?;
        show_item(store, item, context)?;
        let Some(key) = terminal.key("[y/n/s/u/q]") else { break };
        let verdict = match key {
            'y' | 'r' => "right",
            'n' | 'w' => "wrong",
            's' | '?' => "unsure",
            'u' => {
                let Some((back, correction)) = done.pop() else { continue };
                let tx = store.write()?;
                tx.judge(audit.id, items[back].ordinal, None, "")?;
                if let Some(correction) = correction {
                    mentions::undo(&tx, &correction)?;
                }
                tx.commit()?;
                i = back;
                continue;
            }
            'q' => break,
            _ => continue,
        };
        let answer = match (verdict, what) {
            ("wrong", AuditWhat::Links) => ask_right(store, item, context),
            _ => None,
        };
        let now = context.config.now_text();
        let tx = store.write()?;
        tx.judge(audit.id, item.ordinal, Some(verdict), &now)?;
        let correction = match answer {
            Some(answer) => Some(correct(&tx, item, &answer, &now)?),
            None => None,
        };
        tx.commit()?;
        if let Some(correction) = &correction {
            terminal.status(changes(correction.relinked));
        }
        done.push((i, correction));
        i += 1;
    }
    Ok(())
}

/// Asks what a wrongly linked mention is instead.
fn ask_right(store: &Store, item: &AuditItem, context: &Context) -> Option<Answer> {
    let wrong = item.entity?;
    loop {
        let typed = context
            .terminal
            .ask("which entity is it (id, TYPE:ID or name; empty: only not this one; `none`: none of the catalog)?")?;
        match typed.as_str() {
            "" => return Some(Answer::Not(wrong)),
            "none" => return Some(Answer::Nothing),
            name => match one_entity(store, name) {
                Ok(entity) => return Some(Answer::Is(entity)),
                Err(error) => context.terminal.error(&explain(&error)),
            },
        }
    }
}

/// Makes a decision of a correction. It holds for the mention with its hints: what is wrong here may be right elsewhere.
fn correct(tx: &crate::store::Tx<'_>, item: &AuditItem, answer: &Answer, now: &str) -> anyhow::Result<mentions::Done> {
    let about = About { mention: item.item.clone(), entity_type: item.item_type.clone(), hints: item.hints.clone() };
    mentions::decide(tx, &about, answer, now)
}

fn show_item(store: &Store, item: &AuditItem, context: &Context) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let read = store.read();
    let entity = item.entity.map(|key| read.entity_head(key)).transpose()?.flatten();
    let is = match &entity {
        Some(entity) => format!(
            "{}  {}  {}",
            style::bold(style::single_line(&item.item)),
            style::dim("is"),
            style::bold(style::green(style::single_line(&entity.name)))
        ),
        None => style::bold(style::single_line(&item.item)),
    };
    terminal.line(is)?;
    if let Some(entity) = entity.as_ref().and_then(|entity| read.entity(entity.key).ok().flatten()) {
        let facts: Vec<String> = entity.attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let known = format!("{}:{}  {}", entity.entity_type, entity.id, facts.join(" · "));
        terminal.line(style::dim(style::single_line(&known)))?;
    }
    terminal.line(style::dim(format!("{} {}", style::single_line(&item.method), percent(item.score))))?;
    let Some(row) = item.group.map(|group| read.group(group)).transpose()?.flatten() else { return Ok(()) };
    if let Some(head) = read.group_head(row.key)? {
        terminal.line(style::dim(format!("in {}  {}", day(head.at.as_deref()), title(&head))))?;
    }
    let width = terminal.width().min(100);
    for story in &row.group.stories {
        let Some(place) = grounding::find(&story.text, &item.item).filter(|_| item.entity.is_some()) else { continue };
        let text = style::single_line(&excerpt(&story.text, place, AROUND));
        let marks = places(&text, &item.item).into_iter().map(|place| (place, YELLOW)).collect();
        for line in wrap(&mark(&text, marks), width) {
            terminal.line(format!("  {line}"))?;
        }
        return Ok(());
    }
    let text = row.group.stories.iter().map(|story| story.text.as_str()).collect::<Vec<_>>().join(" ");
    for line in wrap(&style::single_line(&excerpt(&text, 0..0, TOPIC_TEXT)), width) {
        terminal.line(format!("  {line}"))?;
    }
    Ok(())
}

const YELLOW: super::explore::Mark = |word| style::yellow(word);

fn show(store: &Store, what: AuditWhat, audit: &Audit, context: &Context) -> anyhow::Result<Exit> {
    let items = store.read().audit_items(audit.id)?;
    let findings = findings(&items);
    let terminal = &context.terminal;
    if terminal.is_json() {
        terminal.json(&json!({
            "what": what.as_str(), "seed": audit.seed, "created_at": audit.created_at, "items": audit.n_items,
            "findings": findings,
        }))?;
        return Ok(Exit::Done);
    }
    let Some(overall) = findings.overall else {
        terminal.status(format!("a sample of {} is drawn and waits", words::count(audit.n_items, "item")));
        terminal
            .hint("`gleaner audit` on a terminal asks about one after the other; `--to FILE.csv` makes a table of it");
        return Ok(Exit::Done);
    };
    terminal.line(format!("precision of {}: {}", what.as_str(), style::bold(overall.in_words())))?;
    let heads = [
        ("", Side::Left),
        ("judged", Side::Right),
        ("right", Side::Right),
        ("precision", Side::Right),
        ("95 % interval", Side::Right),
    ];
    let mut table = Table::new(&heads, 0);
    let Findings { by_type, by_method, .. } = &findings;
    for (name, precision) in by_type.iter().chain(by_method.iter().filter(|_| what == AuditWhat::Links)) {
        table.row(cells(name, precision));
    }
    for line in table.lines(terminal.width()) {
        terminal.line(line)?;
    }
    terminal.status(format!(
        "{} judged, {} unsure, {} open; sample drawn {} with seed {}",
        words::number(overall.judged),
        words::number(findings.unsure),
        words::number(findings.open),
        day(Some(&audit.created_at)),
        audit.seed
    ));
    Ok(Exit::Done)
}

fn cells(name: &str, precision: &Precision) -> [String; 5] {
    let p = |x: f64| format!("{:.1}", x * 100.0);
    [
        style::single_line(name),
        words::number(precision.judged),
        words::number(precision.right),
        format!("{} %", p(precision.precision)),
        format!("{} to {} %", p(precision.low), p(precision.high)),
    ]
}

fn write_csv(store: &Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<Exit> {
    let read = store.read();
    let items = read.audit_items(audit.id)?;
    whole_file(path, |out: &mut dyn Write| {
        let heads =
            ["item", "verdict", "mention", "linked_to", "type", "method", "score", "group_id", "group_title", "text"];
        let mut rows = Rows::new(out, &heads)?;
        for item in &items {
            let entity = item.entity.map(|key| read.entity_head(key)).transpose()?.flatten();
            let row = item.group.map(|group| read.group(group)).transpose()?.flatten();
            let stories = row.as_ref().map(|row| row.group.stories.as_slice()).unwrap_or_default();
            let text = stories
                .iter()
                .find_map(|story| Some(excerpt(&story.text, grounding::find(&story.text, &item.item)?, AROUND)));
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
    context.terminal.status(format!(
        "wrote {} to `{}`; fill `verdict` with right, wrong or unsure, then `gleaner audit --from` it",
        words::count(items.len() as u64, "item"),
        path.display()
    ));
    Ok(Exit::Done)
}

fn read_csv(store: &mut Store, audit: &Audit, path: &Path, context: &Context) -> anyhow::Result<()> {
    let on_path = || format!("cannot read `{}`", path.display());
    let text = fs::read_to_string(path).with_context(on_path)?;
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
    let items = store.read().audit_items(audit.id)?;
    let now = context.config.now_text();
    let tx = store.write()?;
    let mut n = 0;
    for row in reader.records() {
        let row = row.with_context(on_path)?;
        let verdict = match row.get(verdict_at).unwrap_or_default().trim().to_lowercase().as_str() {
            "" => continue,
            "right" | "r" | "y" | "yes" | "1" => "right",
            "wrong" | "w" | "n" | "no" | "0" => "wrong",
            "unsure" | "u" | "s" | "?" => "unsure",
            other => return Err(usage(format!("`{other}` is no verdict"))).hint("right, wrong or unsure"),
        };
        let ordinal = row.get(item_at).and_then(|text| text.trim().parse::<u32>().ok());
        let item = ordinal.and_then(|ordinal| items.iter().find(|item| item.ordinal == ordinal));
        let item =
            item.ok_or_else(|| usage(format!("`{}` names an item that is not of this sample", path.display())))?;
        tx.judge(audit.id, item.ordinal, Some(verdict), &now)?;
        // A wrong link is taken back, where that was not done before.
        if let (true, Some(entity)) = (verdict == "wrong" && item.verdict.as_deref() != Some("wrong"), item.entity) {
            correct(&tx, item, &Answer::Not(entity), &now)?;
        }
        n += 1;
    }
    tx.commit()?;
    context.terminal.status(words::count(n, "verdict"));
    Ok(())
}
