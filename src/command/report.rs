//! `gleaner report`: everything on one page.

use crate::cli::explore::ReportArgs;
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::output::whole_file;
use crate::command::period::{check_names, in_words, period, say_if_none};
use crate::error::Exit;
use crate::explore::page_data::{PageOptions, write};
use crate::interrupt;
use crate::terminal::bar::Unit;
use crate::terminal::words;

/// Runs the command.
pub(super) fn run(args: &ReportArgs, context: &Context) -> anyhow::Result<Exit> {
    let terminal = &context.terminal;
    let store = distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    let period = period(&args.period)?;
    let options = PageOptions {
        title: args.title.clone(),
        now: context.config.now_text(),
        with_text: args.with_text,
        snippets: args.snippets,
        period: period.clone(),
        selection: in_words(&args.period),
    };
    let bar = terminal.bar(store.read().group_counts()?.total, Unit::Count, "writing");
    let n = whole_file(&args.output, |out| {
        let n = write(store.read(), &options, out, || bar.inc(1))?;
        interrupt::check()?;
        Ok(n)
    })?;
    drop(bar);
    if n == 0 {
        say_if_none(&store, &args.period, &period, context)?;
    }
    let size = std::fs::metadata(&args.output).map(|file| file.len()).unwrap_or_default();
    if terminal.is_json() {
        terminal.json(&serde_json::json!({"file": args.output, "groups": n, "bytes": size}))?;
    }
    terminal.done(format!(
        "wrote {} to `{}` ({}); open it in a browser",
        words::count(n, "group"),
        args.output.display(),
        words::bytes(size)
    ))?;
    Ok(Exit::Done)
}
