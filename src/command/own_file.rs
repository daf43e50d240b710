//! Files that an earlier command wrote, told by their form from those of others.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::de::IgnoredAny;

use crate::report::workbook::AUTHOR;

/// Bytes by which a page or a graph is known.
const HEAD_BYTES: u64 = 4096;

/// Keys of the lines of a catalog: entities, and decisions beside them.
const OF_A_CATALOG: [&str; 15] = [
    "id",
    "type",
    "name",
    "aliases",
    "attributes",
    "decision",
    "mention",
    "mention_type",
    "hints",
    "only_unlinked",
    "target_type",
    "target_id",
    "decided_at",
    "topic",
    "topic_target",
];

/// Heads of tables that go on with columns of the user's own.
const OPEN_HEADS: [&str; 2] =
    ["id,type,name,aliases", "group_id,group_title,group_created_at,status,story,title,url,published_at,text"];

/// Returns whether the file at a path has the form of what begins with these bytes, so that it is an earlier one.
pub(super) fn is_own(path: &Path, start: &[u8]) -> bool {
    let line = first_line(start);
    match start {
        [b'P', b'K', ..] => is_own_workbook(path),
        // All pages and graphs begin alike; ours name their maker.
        [b'<', b'!', ..] => head(path).starts_with("<!doctype html>") && head(path).contains("\"gleaner\""),
        [b'<', b'?', ..] => {
            let head = head(path);
            head.contains("<graph id=\"gleaner\"") || head.contains("<creator>gleaner</creator>")
                // Many attributes are declared before the graph is named.
                || head.contains("id=\"n_label\"") && head.contains("id=\"e_relation\"")
        }
        [b'[', ..] => head(path).starts_with('[') && head(path).contains("\"candidates\""),
        // Metadata for Datasette, laid out over many lines.
        [b'{', b'\n', ..] => head(path).contains("\"source\": \"gleaner\""),
        [b'{', ..] => has_lines_as(path, &line),
        _ => {
            let there = head_line(path);
            let is_open = OPEN_HEADS.iter().any(|open| [&there, &line].iter().all(|heads| begins_with(heads, open)));
            there == line || is_open && has_columns_of(&there, &line)
        }
    }
}

/// Returns whether a head has no column that the other one lacks: nothing of the user's own goes with it.
fn has_columns_of(there: &str, line: &str) -> bool {
    let columns: BTreeSet<&str> = line.split(',').collect();
    there.split(',').all(|column| columns.contains(column))
}

/// Returns whether every line of a file is an object with the keys of this one, and the first has most of them.
fn has_lines_as(path: &Path, line: &str) -> bool {
    type Line = HashMap<String, IgnoredAny>;
    let Ok(own) = serde_json::from_str::<Line>(line) else { return false };
    let is_of_a_catalog = own.contains_key("aliases") || own.contains_key("decision");
    let keys: BTreeSet<&str> =
        if is_of_a_catalog { OF_A_CATALOG.into() } else { own.keys().map(String::as_str).collect() };
    let first = serde_json::from_str::<Line>(&head_line(path)).unwrap_or_default();
    if !is_of_a_catalog && first.len() * 4 < own.len() * 3 {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    BufReader::new(file).lines().all(|line| {
        let object = line.ok().and_then(|line| serde_json::from_str::<Line>(&line).ok());
        object.is_some_and(|object| object.keys().all(|key| keys.contains(key.as_str())))
    })
}

/// Returns whether a file is a workbook that names us as its author.
fn is_own_workbook(path: &Path) -> bool {
    let read = || -> Option<String> {
        let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
        let mut text = String::new();
        archive.by_name("docProps/core.xml").ok()?.take(HEAD_BYTES).read_to_string(&mut text).ok()?;
        Some(text)
    };
    read().is_some_and(|text| text.contains(&format!("<dc:creator>{AUTHOR}</dc:creator>")))
}

fn begins_with(line: &str, open: &str) -> bool {
    line.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with(','))
}

/// Returns the beginning of a file; nothing where it cannot be read.
fn head(path: &Path) -> String {
    let mut bytes = vec![];
    if let Ok(file) = File::open(path) {
        // A file that cannot be read is like nothing of ours.
        let _ = file.take(HEAD_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn head_line(path: &Path) -> String {
    let mut bytes = vec![];
    if let Ok(file) = File::open(path) {
        let _ = BufReader::new(file.take(1 << 20)).read_until(b'\n', &mut bytes);
    }
    first_line(&bytes)
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).trim_start_matches('\u{feff}').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_same_form_is_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let check = |there: &str, start: &str, expected: bool| {
            std::fs::write(&path, there).unwrap();
            assert_eq!(is_own(&path, start.as_bytes()), expected, "{there:?} {start:?}");
        };
        let row = "{\"topic\":\"a\",\"groups\":1}\n";
        check(row, row, true);
        check(&format!("{row}{{\"topic\":\"a\",\"mine\":1}}\n"), row, false);
        check("{\"topic\":\"a\"}\nnotes\n", row, false);
        check("{\"id\":\"x\",\"mine\":1}\n", "{\"id\":\"a\",\"type\":\"t\",\"aliases\":[]}\n", false);
        check("\u{feff}group_id,title\r\n1,2\r\n", "group_id,title\n", true);
        check("group_id,title,mine\n", "group_id,title\n", false);
        check("id,type,name,aliases,team\n", "id,type,name,aliases,team,country\n", true);
        check("id,type,name,aliases,mine\n", "id,type,name,aliases,country\n", false);
        check("{\"topic\":\"a\"}\n", "{\"topic\":\"a\",\"groups\":1,\"label\":\"A\"}\n", false);
        check("id,type,name,aliases2\n", "id,type,name,aliases\n", false);
        check("PK\x03\x04 another's", "PK\x03\x04", false);
        check("<?xml version=\"1.0\"?>\n<graphml>", "<?xml version=\"1.0\"?>\n", false);
        check("", "{}", true);
    }
}
