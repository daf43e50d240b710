//! Folders of texts: every `.txt`, `.md` and `.html` file in them is a record, known by its path in the folder.

use std::fs;
use std::io::{BufRead, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use encoding_rs::Encoding;
use serde_json::Value;

use super::{Record, Source};
use crate::error::Explain as _;
use crate::intake::input::{sniff, text};
use crate::intake::{Fields, LineError, Options, RECORD_BYTES_MAX, html};
use crate::text::single_spaced;

/// Most files that a folder may have: what has more is a disk.
const FILES_MAX: usize = 1_000_000;
const DEPTH_MAX: usize = 32;

/// Bytes at the head of a Markdown file in which its fields stand.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Begins to read a folder.
pub(in crate::intake) fn open(folder: &Path, options: &Options) -> Result<Source> {
    let mut found = Files::default();
    found.collect(folder, Path::new(""), 0)?;
    if found.texts.is_empty() {
        return Err(anyhow::anyhow!("there is no `.txt`, `.md` or `.html` file in the folder"))
            .hint("tables in a folder are loaded by their names, as in `gleaner load groups FOLDER/*.csv`");
    }
    found.texts.sort();
    let note = (found.n_others > 0).then(|| {
        let files = if found.n_others == 1 { "file is" } else { "files are" };
        format!("{} other {files} no `.txt`, `.md` or `.html`, and left out", found.n_others)
    });
    let (folder, encoding) = (folder.to_owned(), options.encoding);
    let records = found.texts.into_iter().enumerate().map(move |(index, path)| record(&folder, &path, index, encoding));
    Ok(Source { note, ..Source::of(records) })
}

#[derive(Default)]
struct Files {
    /// Paths within the folder.
    texts: Vec<PathBuf>,
    n_others: u64,
}

impl Files {
    fn collect(&mut self, folder: &Path, within: &Path, depth: usize) -> Result<()> {
        if depth > DEPTH_MAX {
            bail!("folders lie more than {DEPTH_MAX} deep in each other");
        }
        let path = folder.join(within);
        let entries = fs::read_dir(&path).with_context(|| format!("cannot read the folder `{}`", path.display()))?;
        for entry in entries {
            crate::interrupt::check()?;
            let entry = entry.with_context(|| format!("cannot read the folder `{}`", path.display()))?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with('.') {
                continue;
            }
            let within = within.join(&name);
            // A link to a folder may lead in a circle; a link to a file may not.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.collect(folder, &within, depth + 1)?;
            } else if entry.path().is_file() {
                match sniff::extension(&name.to_string_lossy()).as_str() {
                    "txt" | "md" | "markdown" | "html" | "htm" => self.texts.push(within),
                    _ => self.n_others += 1,
                }
            }
            if self.texts.len() > FILES_MAX {
                bail!("more than {FILES_MAX} files");
            }
        }
        Ok(())
    }
}

fn record(folder: &Path, within: &Path, index: usize, encoding: Option<&'static Encoding>) -> Record {
    let name = within.to_string_lossy().replace('\\', "/");
    let line = index as u64 + 1;
    let text = text::whole_text(&folder.join(within), RECORD_BYTES_MAX as u64, encoding)
        .map_err(|error| LineError::new(line, format!("`{name}`: {error:#}")))?;
    let extension = sniff::extension(&name);
    Ok((line, fields(&text, &name, matches!(extension.as_str(), "html" | "htm"), extension.starts_with('m'))))
}

/// Begins to read a single text as a record; `name` is its file's, or empty.
pub(in crate::intake) fn document(reader: impl BufRead, name: &str, is_html: bool) -> Result<Source> {
    let mut bytes = Vec::new();
    reader.take(RECORD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).context("cannot read it")?;
    if bytes.len() > RECORD_BYTES_MAX {
        bail!("a text longer than {} MiB", RECORD_BYTES_MAX / (1024 * 1024));
    }
    let text = String::from_utf8_lossy(&bytes);
    let is_markdown = sniff::extension(name).starts_with('m');
    Ok(Source::of(std::iter::once(Ok((1, fields(&text, name, is_html, is_markdown))))))
}

/// The fields of a text: what its head says, else what its title and its name say.
fn fields(text: &str, name: &str, is_html: bool, is_markdown: bool) -> Fields {
    let (mut fields, text) = match is_markdown {
        true => head(text),
        false => (Fields::new(), text),
    };
    if !name.is_empty() {
        fields.entry("id").or_insert_with(|| Value::from(name));
    }
    if !fields.contains_key("title") {
        let heading = text.lines().find(|line| !line.trim().is_empty()).and_then(|line| line.strip_prefix("# "));
        let title = match is_html {
            true => html::title(text),
            false => heading.filter(|_| is_markdown).map(single_spaced),
        };
        let file = name.rsplit('/').next().unwrap_or(name);
        let stem = file.split('.').next().unwrap_or(file);
        let title = title.or_else(|| (!stem.is_empty()).then(|| stem.replace(['_', '-'], " ")));
        fields.extend(title.map(|title| ("title".to_owned(), Value::from(title))));
    }
    fields.insert("text".into(), Value::from(text.trim()));
    fields
}

/// The fields that stand between two lines of `---` at the head of a Markdown file, and the text behind them: names and
/// plain values, which is all of YAML that such heads have in common.
fn head(text: &str) -> (Fields, &str) {
    let nothing = (Fields::new(), text);
    let Some(rest) = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n")) else { return nothing };
    let mut fields = Fields::new();
    let mut n_bytes = 0;
    for line in rest.split_inclusive('\n') {
        n_bytes += line.len();
        if n_bytes > HEAD_BYTES_MAX {
            break;
        }
        let plain = line.trim_end();
        if plain == "---" {
            return (fields, &rest[n_bytes..]);
        }
        let unquoted = |value: &str| Value::from(value.trim().trim_matches(['"', '\'']));
        if let Some(item) = plain.trim_start().strip_prefix("- ") {
            if let Some(Value::Array(items)) = fields.values_mut().next_back() {
                items.push(unquoted(item));
            }
        } else if let Some((name, value)) = plain.split_once(':') {
            let value = match value.trim() {
                "" => Value::Array(vec![]),
                list if list.starts_with('[') && list.ends_with(']') => {
                    list[1..list.len() - 1].split(',').map(unquoted).collect()
                }
                value => unquoted(value),
            };
            fields.insert(name.trim().to_owned(), value);
        }
    }
    nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, is_html: bool, expected: &str) {
        let is_markdown = name.ends_with(".md");
        let fields = fields(text, name, is_html, is_markdown);
        assert_eq!(Value::Object(fields), serde_json::from_str::<Value>(expected).unwrap(), "{text}");
    }

    #[test]
    fn a_text_has_a_title_and_a_head_may_have_more() {
        check("Body\n", "a/tram_line.txt", false, r#"{"id":"a/tram_line.txt","title":"tram line","text":"Body"}"#);
        check(
            "\n# The *line*\n\nBody",
            "b.md",
            false,
            r##"{"id":"b.md","title":"The *line*","text":"# The *line*\n\nBody"}"##,
        );
        check("<title>T</title>B", "c.html", true, r#"{"id":"c.html","title":"T","text":"<title>T</title>B"}"#);
        check(
            "---\ntitle: \"A: b\"\ndate: 2024-05-06\ntags:\n  - x\n  - 'y'\nids: [1, 2]\n---\nBody",
            "d.md",
            false,
            r#"{"title":"A: b","date":"2024-05-06","tags":["x","y"],"ids":["1","2"],"id":"d.md","text":"Body"}"#,
        );
        check("---\nno end", "e.md", false, r#"{"id":"e.md","title":"e","text":"---\nno end"}"#);
        check("x", "", false, r#"{"text":"x"}"#);
    }
}
