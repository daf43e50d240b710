//! `gleaner export`: what was learned, for other programs.

use std::path::Path;

use serde_json::json;

use crate::cli::explore::{ExportArgs, ExportFormat, ExportWhat};
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::output::{is_stdout, whole_file, whole_stdout};
use crate::command::period::{check_names, period, say_if_none};
use crate::error::{Exit, Explain as _, usage};
use crate::explore::export::{Dialect, Export, Format, What, Written, write};
use crate::terminal::bar::Unit;
use crate::terminal::words;

/// Runs the command.
pub(super) fn run(args: &ExportArgs, context: &Context) -> anyhow::Result<Exit> {
    let file = args.output.as_deref().filter(|path| !is_stdout(path));
    let period = period(&args.period)?;
    let export = Export {
        what: args.what.map(|what| match what {
            ExportWhat::Groups => What::Groups,
            ExportWhat::Stories => What::Stories,
            ExportWhat::Topics => What::Topics,
            ExportWhat::Entities => What::Entities,
            ExportWhat::Links => What::Links,
            ExportWhat::Cooccurrence => What::Cooccurrence,
            ExportWhat::Catalog => What::Catalog,
        }),
        format: match args.format {
            Some(ExportFormat::Jsonl) => Format::Jsonl,
            Some(ExportFormat::Csv) => Format::Csv,
            Some(ExportFormat::Xlsx) => Format::Xlsx,
            Some(ExportFormat::Graphml) => Format::Graphml,
            Some(ExportFormat::Gexf) => Format::Gexf,
            Some(ExportFormat::Cypher) => Format::Cypher(Dialect::Kuzu),
            Some(ExportFormat::Datasette) => Format::Datasette(database_name(context)?),
            Some(ExportFormat::Neo4j) => Format::Cypher(Dialect::Neo4j),
            None => match file {
                Some(path) => format_of(path)?,
                None => Format::Jsonl,
            },
        },
        period: period.clone(),
        min_groups: args.min_groups,
        with_text: !args.no_text,
    };
    if export.format == Format::Xlsx && file.is_none() && context.terminal.is_stdout_terminal() {
        return Err(usage("a workbook is no text for a terminal"))
            .hint("`-o FILE.xlsx` writes it to a file; a pipe takes it too");
    }
    if export.what == Some(What::Catalog) && !export.period.is_always() {
        return Err(usage("a catalog has no time; leave `--since` and `--until` out"));
    }
    let store = match export.what {
        Some(What::Catalog) => context.open()?,
        _ => distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?,
    };
    check_names(&store, &args.period.conditions)?;
    let Some(path) = file else {
        let bar = context.terminal.bar(0, Unit::Written, "exporting");
        let written = whole_stdout(&context.terminal, move |out| {
            let (store, bar) = (store, bar);
            write(store.read(), &export, &mut bar.write(out))
        })?;
        warn_of_cut(written, context);
        if written.rows == 0 {
            say_if_none(&context.open()?, &args.period, &period, context)?;
        }
        return Ok(Exit::Done);
    };
    let bar = context.terminal.bar(0, Unit::Written, "exporting");
    let written = whole_file(path, |out| write(store.read(), &export, &mut bar.write(out)))?;
    drop(bar);
    if written.rows == 0 {
        say_if_none(&store, &args.period, &period, context)?;
    }
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "rows": written.rows}))?;
    }
    context.terminal.done(format!("wrote {} to `{}`", words::count(written.rows, "row"), path.display()))?;
    warn_of_cut(written, context);
    Ok(Exit::Done)
}

/// Returns what Datasette calls the database: the name of its file without the ending.
fn database_name(context: &Context) -> anyhow::Result<String> {
    let path = context.db_path()?;
    Ok(path.file_stem().map_or_else(|| "gleaner".into(), |stem| stem.to_string_lossy().into_owned()))
}

/// Says where a format had no room for all of a text.
fn warn_of_cut(written: Written, context: &Context) {
    if written.n_cut > 0 {
        let cells = words::count_verb(written.n_cut, "text", "is");
        context
            .terminal
            .warn(format!("{cells} longer than a cell of a workbook may be, and cut; `--format csv` has them whole"));
    }
}

/// Returns the format that a file's name asks for.
fn format_of(path: &Path) -> anyhow::Result<Format> {
    let Some(extension) = path.extension() else { return Ok(Format::Jsonl) };
    Ok(match extension.to_string_lossy().to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" | "json" => Format::Jsonl,
        "csv" => Format::Csv,
        "graphml" => Format::Graphml,
        "xlsx" => Format::Xlsx,
        "gexf" => Format::Gexf,
        "cypher" | "cyp" | "cql" => Format::Cypher(Dialect::Kuzu),
        other => {
            return Err(usage(format!("`{}`: a file `.{other}` is not written", path.display())))
                .hint("`.jsonl`, `.csv`, `.xlsx`, `.graphml`, `.gexf` and `.cypher` are; `--format` says which under any name");
        }
    })
}
