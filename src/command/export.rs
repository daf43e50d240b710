//! `gleaner export`: what was learned, for other programs.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde_json::json;

use super::Context;
use super::period::period;
use crate::cli::explore::{ExportArgs, ExportFormat, ExportWhat};
use crate::error::{Exit, Explain as _, usage};
use crate::explore::export::{Export, Format, What, write};
use crate::terminal::words;
use crate::text::whole_file::WholeFile;

/// Bytes held back before they are written.
const WRITE_BYTES: usize = 256 * 1024;

/// Runs the command.
pub(super) fn run(args: &ExportArgs, context: &Context) -> anyhow::Result<Exit> {
    let export = Export {
        what: args.what.map(|what| match what {
            ExportWhat::Groups => What::Groups,
            ExportWhat::Topics => What::Topics,
            ExportWhat::Entities => What::Entities,
            ExportWhat::Links => What::Links,
            ExportWhat::Cooccurrence => What::Cooccurrence,
            ExportWhat::Catalog => What::Catalog,
        }),
        format: match args.format {
            Some(ExportFormat::Jsonl) => Format::Jsonl,
            Some(ExportFormat::Csv) => Format::Csv,
            Some(ExportFormat::Graphml) => Format::Graphml,
            Some(ExportFormat::Cypher) => Format::Cypher,
            None => args.output.as_deref().and_then(format_of).unwrap_or(Format::Jsonl),
        },
        period: period(&args.period)?,
        min_groups: args.min_groups,
    };
    if export.what == Some(What::Catalog) && !export.period.is_always() {
        return Err(usage("a catalog has no time; leave `--since` and `--until` out"));
    }
    let store = context.open()?;
    let Some(path) = args.output.as_deref().filter(|path| !is_stdout(path)) else {
        context.terminal.raw(|out| {
            let mut out = BufWriter::with_capacity(WRITE_BYTES, out);
            write(store.read(), &export, &mut out)?;
            Ok(out.flush()?)
        })?;
        return Ok(Exit::Done);
    };
    let n = whole_file(path, |out| write(store.read(), &export, out))?;
    if context.terminal.is_json() {
        context.terminal.json(&json!({"file": path, "rows": n}))?;
    }
    context.terminal.status(format!("wrote {} to `{}`", words::count(n, "row"), path.display()));
    Ok(Exit::Done)
}

/// Returns whether what is named as a file is stdout, as `-` is stdin for what is read.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes the file that a person named, whole or not at all.
pub(super) fn whole_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if is_stdout(path) {
        return Err(usage("this is written to a file, not to stdout")).hint("a file that is called so is `./-`");
    }
    if path.is_dir() {
        return Err(usage(format!("`{}` is a folder", path.display())));
    }
    let mut file = WholeFile::create(path)?;
    let result = write(&mut file)?;
    file.finish()?;
    Ok(result)
}

fn format_of(path: &Path) -> Option<Format> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" | "json" => Format::Jsonl,
        "csv" => Format::Csv,
        "graphml" => Format::Graphml,
        "cypher" | "cyp" | "cql" => Format::Cypher,
        _ => return None,
    })
}
