//! `gleaner audit`: how far the result can be trusted, by looking at a sample of it.

mod misses;
mod spreadsheet;
mod walk;

use serde_json::json;

use crate::cli::explore::{AuditArgs, AuditWhatArg};
use crate::command::Context;
use crate::command::shown::day;
use crate::curation::audit::draw;
use crate::error::Exit;
use crate::explore::findings::{Findings, findings};
use crate::report::precision::Precision;
use crate::store::{Audit, AuditWhat, Store};
use crate::terminal::table::{Side, Table};
use crate::terminal::{style, words};
use spreadsheet::{read_csv, write_csv};

/// Bytes of a story shown on each side of a mention.
pub(crate) const AROUND: usize = 200;
/// Bytes of the stories shown for a topic.
pub(crate) const TOPIC_TEXT: usize = 600;

/// Runs the command.
pub(super) fn run(args: &AuditArgs, context: &Context) -> anyhow::Result<Exit> {
    let what = match args.what {
        AuditWhatArg::Links => AuditWhat::Links,
        AuditWhatArg::Topics => AuditWhat::Topics,
        AuditWhatArg::Misses => AuditWhat::Misses,
    };
    let mut store = context.open_learned()?;
    let audit = sample(&mut store, what, args, context)?;
    let Some(audit) = audit else {
        let what = if what == AuditWhat::Misses { "answers" } else { what.as_str() };
        context.terminal.status(format!("there are no {what} to judge yet"));
        return Ok(Exit::Done);
    };
    if what == AuditWhat::Misses {
        if let Some(path) = &args.to {
            return misses::write_csv(&store, &audit, path, context);
        }
        if let Some(path) = &args.from {
            misses::read_csv(&mut store, &audit, path, context)?;
        } else if context.terminal.is_interactive() && !context.terminal.is_json() {
            misses::walk(&mut store, &audit, context)?;
        }
        return misses::show(&store, &audit, context);
    }
    if let Some(path) = &args.to {
        return write_csv(&store, &audit, path, context);
    }
    if let Some(path) = &args.from {
        read_csv(&mut store, &audit, path, context)?;
    } else if context.terminal.is_interactive() && !context.terminal.is_json() {
        walk::run(&mut store, what, &audit, context)?;
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
    let items =
        draw(store.read(), what, args.sample.unwrap_or(if what == AuditWhat::Misses { 30 } else { 100 }), args.seed)?;
    if items.is_empty() {
        return Ok(None);
    }
    let tx = store.write()?;
    tx.keep_audit(what, args.seed, &items, &context.config.now_text())?;
    tx.commit()?;
    store.read().latest_audit(what)
}

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
    let mut table = Table::new(&heads);
    let Findings { by_type, by_method, .. } = &findings;
    for (name, precision) in by_type.iter().chain(by_method.iter().filter(|_| what == AuditWhat::Links)) {
        table.row(cells(name, precision));
    }
    terminal.table(&table, 0)?;
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
