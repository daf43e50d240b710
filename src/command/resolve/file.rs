//! `gleaner resolve --file`: a line of JSON in, a line of JSON out, in the order of the lines.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{Line, LineResolver, Manner};
use crate::cli::resolve::ResolveArgs;
use crate::command::Context;
use crate::error::{Exit, cannot_open};
use crate::intake;
use crate::interrupt::stream;
use crate::store::Store;
use crate::text::lines::{BYTE_ORDER_MARK, Lines};

/// A line longer than this is no mention.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// Answers the mentions of a file, each with a line of JSON.
pub(super) fn answer(
    store: &Store,
    manner: Manner,
    args: &ResolveArgs,
    path: &Path,
    context: &Context,
) -> Result<Exit> {
    if path.as_os_str() == "-" {
        return one_by_one(store, manner, stream::stdin(), args, path, context);
    }
    let file = File::open(path).map_err(|error| cannot_open(path, error))?;
    match file.metadata().is_ok_and(|data| data.is_file()) {
        true => by_handfuls(store, manner, file, args, path, context),
        false => one_by_one(store, manner, stream::Input::new(file), args, path, context),
    }
}

/// Lines that are answered under one lock. Nothing is printed while it is held, so that nobody who wants to write to the
/// database waits for whoever reads the answers.
const LINES_AT_ONCE: usize = 64;

/// Answers the lines of a file, a handful at a time.
fn by_handfuls(
    store: &Store,
    manner: Manner,
    file: File,
    args: &ResolveArgs,
    path: &Path,
    context: &Context,
) -> Result<Exit> {
    let reader = BufReader::with_capacity(READ_BYTES, stream::Input::new(file));
    let mut lines = Queries::new(reader, path, args.entity_type.as_deref());
    let mut resolver = LineResolver::open(store.read(), manner)?;
    let (mut version, mut state) = (store.read().data_version()?, store.read().linking_state()?);
    let mut goes_on = true;
    while goes_on {
        let snapshot = store.snapshot()?;
        let current = snapshot.read().data_version()?;
        if version != current {
            version = current;
            let now = snapshot.read().linking_state()?;
            if state != now {
                state = now;
                resolver = LineResolver::open(store.read(), manner)?;
                let number = lines.lines.number() + 1;
                context.terminal.warn(format!("the catalog was changed; from line {number} on it counts as it is now"));
            }
        }
        let mut answers = Vec::with_capacity(LINES_AT_ONCE);
        while goes_on && answers.len() < LINES_AT_ONCE {
            match lines.next(context)? {
                Some(Ok(line)) => answers.push(resolver.answered(&line, &context.terminal)?),
                Some(Err(unread)) => answers.push(unread),
                None => goes_on = false,
            }
        }
        drop(snapshot);
        answers.iter().try_for_each(|answer| context.terminal.json_text(answer))?;
    }
    Ok(lines.exit)
}

/// Answers lines as they come. Who types mentions into a pipe must not keep others from writing for long: what they write
/// counts for the next line, and no line sees half of it.
fn one_by_one(
    store: &Store,
    manner: Manner,
    input: impl io::Read,
    args: &ResolveArgs,
    path: &Path,
    context: &Context,
) -> Result<Exit> {
    let mut lines = Queries::new(BufReader::with_capacity(READ_BYTES, input), path, args.entity_type.as_deref());
    let mut resolver = LineResolver::open(store.read(), manner)?;
    let mut version = store.read().data_version()?;
    while let Some(line) = lines.next(context)? {
        let answer = match line {
            Ok(line) => {
                let snapshot = store.snapshot()?;
                let current = snapshot.read().data_version()?;
                if version != current {
                    resolver = LineResolver::open(store.read(), manner)?;
                    version = current;
                }
                resolver.answered(&line, &context.terminal)?
            }
            Err(unread) => unread,
        };
        context.terminal.json_text(&answer)?;
        if lines.lines.reader().buffer().is_empty() {
            // Whoever asks may wait for the answer before asking more.
            context.terminal.flush()?;
        }
    }
    Ok(lines.exit)
}

/// A line of no more bytes has no more fields than are read.
const SHORT_LINE_BYTES: usize = 4096;

/// Reads a mention, or says why it is none. Most are read at once; what is anything but plain JSON of the fields that are
/// known, each once, is read as a record of any file is.
fn read(line: &[u8]) -> std::result::Result<Line, String> {
    // A list would be taken for the values of the fields in their order.
    if line.len() <= SHORT_LINE_BYTES
        && line.trim_ascii_start().starts_with(b"{")
        && let Ok(line) = serde_json::from_slice(line)
    {
        return Ok(line);
    }
    let mut fields = intake::object(line)?;
    fields.retain(|name, _| Line::FIELDS.contains(&name.as_str()));
    serde_json::from_value(fields.into()).map_err(|error| error.to_string())
}

/// The lines of a file of mentions. One that cannot be read comes with the answer to it.
struct Queries<'a, R> {
    lines: Lines<R>,
    path: &'a Path,
    /// For lines that name none.
    entity_type: Option<&'a str>,
    exit: Exit,
}

impl<'a, R: BufRead> Queries<'a, R> {
    fn new(reader: R, path: &'a Path, entity_type: Option<&'a str>) -> Self {
        Self { lines: Lines::new(reader, LINE_BYTES_MAX), path, entity_type, exit: Exit::Done }
    }

    fn next(&mut self, context: &Context) -> Result<Option<std::result::Result<Line, String>>> {
        let path = self.path.display();
        loop {
            let Some(line) = self.lines.next().with_context(|| format!("cannot read `{path}`"))? else {
                return Ok(None);
            };
            if line.is_blank() {
                continue;
            }
            let number = line.number;
            let line = match line.is_whole {
                true => read(match number {
                    1 => line.bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line.bytes),
                    _ => line.bytes,
                }),
                false => Err(format!("the line is longer than {LINE_BYTES_MAX} bytes")),
            };
            match line {
                Ok(mut line) => {
                    if line.entity_type.is_none() {
                        line.entity_type = self.entity_type.map(str::to_owned);
                    }
                    return Ok(Some(Ok(line)));
                }
                Err(error) => {
                    context.terminal.warn(format!("{path}:{number}: {error}"));
                    if self.exit == Exit::Done {
                        context
                            .terminal
                            .hint(r#"a line is a JSON object such as `{"mention": "UN", "type": "institution"}`"#);
                    }
                    self.exit = Exit::Incomplete;
                    let answer = json!({
                        "mention": null, "entity_id": null, "outcome": "unknown", "method": "none", "score": 0.0,
                        "candidates": [], "error": error,
                    });
                    return Ok(Some(Err(answer.to_string())));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_read_as_a_long_one() {
        for (line, is_read) in [
            (r#"{"mention":"a","type":"t","hints":{"b":1},"context":"c"}"#, true),
            (r#"{"mention":"a","id":7,"x":[{}]}"#, true),
            (r#"{"mention":"a","mention":"b"}"#, true),
            (r#"{"mention":"a","x":"\ud800"}"#, false),
            (r#"{"mention":"a","x":1e400}"#, false),
            (r#"["a","t",{},null]"#, false),
            (r#"{"type":"t"}"#, false),
            (&format!(r#"{{"mention":"a","x":{}{}}}"#, "[".repeat(200), "]".repeat(200)), false),
        ] {
            let long = format!("{line}{}", " ".repeat(SHORT_LINE_BYTES));
            let [short, long] = [line, &long].map(|line| read(line.as_bytes()).map(|line| format!("{line:?}")));
            assert_eq!((short.is_ok(), &short), (is_read, &long), "{line}");
        }
    }
}
