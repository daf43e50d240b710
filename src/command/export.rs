//! `gleaner export`: what was learned, for other programs.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::Context;
use super::period::period;
use crate::cli::explore::{ExportArgs, ExportFormat, ExportWhat};
use crate::error::{Exit, Explain as _, usage};
use crate::explore::export::{Export, Format, What, write};
use crate::terminal::words;

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

/// Writes a file that appears whole or not at all.
pub(super) fn whole_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn std::io::Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let on_path = || format!("cannot write `{}`", path.display());
    if is_stdout(path) {
        return Err(usage("this is written to a file, not to stdout")).hint("a file that is called so is `./-`");
    }
    if path.is_dir() {
        return Err(usage(format!("`{}` is a folder", path.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new();
    // As any file the person makes, not for their eyes only.
    #[cfg(unix)]
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = file.tempfile_in(folder).with_context(on_path)?;
    let mut out = BufWriter::with_capacity(WRITE_BYTES, file);
    let result = write(&mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error()).with_context(on_path)?;
    file.as_file().sync_all().with_context(on_path)?;
    file.persist(path).map_err(|error| error.error).with_context(on_path)?;
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
