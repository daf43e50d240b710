//! Kinds of files, told by their first bytes: those that are read, and those that are refused with the way in.

use anyhow::anyhow;

use crate::error::Explain as _;
use crate::intake::Subject;
use crate::text::shell_word;

/// A kind of file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Kind {
    /// One JSON object a line.
    JsonLines,
    /// JSON values over any number of lines.
    Json,
    /// Rows of cells.
    Table,
    /// One text: a story, or a list of names.
    Text,
    /// One page of HTML.
    Html,
    /// A spreadsheet.
    Sheet,
    /// A SQLite database.
    Sqlite,
    /// Something gzipped.
    Gzip,
}

/// First bytes by which a kind that is not read is known, the word for it, and the way in, as it is for groups; `FILE` is
/// put in.
const REFUSED: [(&[u8], &str, &str); 13] = [
    (b"PAR1", "Parquet", "`duckdb -json -c \"FROM 'FILE'\" | gleaner load groups -`"),
    (b"ARROW1", "Arrow", "`duckdb -json -c \"FROM 'FILE'\" | gleaner load groups -` with its arrow extension"),
    (b"Obj\x01", "Avro", "`duckdb -json -c \"FROM read_avro('FILE')\" | gleaner load groups -`"),
    (b"%PDF", "PDF", "`pdftotext FILE folder/name.txt`, then `gleaner load groups folder`"),
    (b"WARC/", "a web archive", "`warcat extract FILE --output-dir folder`, then `gleaner load groups folder`"),
    (b"{\\rtf", "RTF", "`pandoc FILE -t plain -o folder/name.txt`, then `gleaner load groups folder`"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "`zstd -dc FILE | gleaner load groups -`"),
    (b"BZh", "compressed with bzip2", "`bzip2 -dc FILE | gleaner load groups -`"),
    (b"\xfd7zXZ", "compressed with xz", "`xz -dc FILE | gleaner load groups -`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"\x89PNG", "a picture", "only text can be loaded"),
    (b"\xff\xd8\xff", "a picture", "only text can be loaded"),
];

/// The way in for spreadsheets of other kinds.
const AS_XLSX: &str = "`soffice --headless --convert-to xlsx FILE`, then load that";

/// Returns the kind of a file by its first bytes and, where they leave it open, by its name; `None` where neither
/// tells.
pub(in crate::intake) fn kind(start: &[u8], name: &str, subject: Subject) -> anyhow::Result<Option<Kind>> {
    for (magic, word, way_in) in REFUSED {
        if start.starts_with(magic) {
            return refuse(word, way_in, name, subject);
        }
    }
    if start.starts_with(b"SQLite format 3\0") {
        return Ok(Some(Kind::Sqlite));
    }
    if start.starts_with(&[0x1f, 0x8b]) {
        return Ok(Some(Kind::Gzip));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return zip(start, name, subject);
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return match extension(name).as_str() {
            "doc" => refuse(
                "an old Word document",
                "`soffice --headless --convert-to txt FILE`, then load that",
                name,
                subject,
            ),
            _ => refuse("an old Excel workbook", AS_XLSX, name, subject),
        };
    }
    if start.get(257..262) == Some(b"ustar") {
        return refuse("a tar archive", "`tar -xf FILE -C folder`, then `gleaner load groups folder`", name, subject);
    }
    Ok(None)
}

/// A ZIP archive is a spreadsheet, a text document or just an archive; the names of its members stand in its bytes.
fn zip(start: &[u8], name: &str, subject: Subject) -> anyhow::Result<Option<Kind>> {
    let holds = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
    let extension = extension(name);
    if extension == "ods" || holds(b"application/vnd.oasis.opendocument.spreadsheet") {
        return refuse("an OpenDocument spreadsheet", AS_XLSX, name, subject);
    }
    if extension == "xlsb" || holds(b"xl/workbook.bin") {
        return refuse("a binary Excel workbook", AS_XLSX, name, subject);
    }
    if ["xlsx", "xlsm"].contains(&extension.as_str()) || holds(b"xl/") {
        return Ok(Some(Kind::Sheet));
    }
    if extension == "docx" || holds(b"word/") {
        return refuse(
            "DOCX",
            "`pandoc FILE -t plain -o folder/name.txt`, then `gleaner load groups folder`",
            name,
            subject,
        );
    }
    if ["odt", "epub"].contains(&extension.as_str()) || holds(b"application/") {
        return refuse(
            "a document",
            "`pandoc FILE -t plain -o folder/name.txt`, then `gleaner load groups folder`",
            name,
            subject,
        );
    }
    // The list of members stands at the end of a spreadsheet, too.
    if holds(b"[Content_Types].xml") {
        return Ok(Some(Kind::Sheet));
    }
    refuse("a ZIP archive", "`unzip FILE -d folder`, then `gleaner load groups folder`", name, subject)
}

fn refuse<T>(word: &str, way_in: &str, name: &str, subject: Subject) -> anyhow::Result<T> {
    let file = if name.is_empty() { "FILE".to_owned() } else { shell_word(name) };
    // Within quotes of another language a name that needs some of its own would end them.
    let quoted = if file == name { format!("'{name}'") } else { "'FILE'".to_owned() };
    let way_in = match subject {
        Subject::Groups => way_in.to_owned(),
        // A folder of texts is loaded as groups only.
        Subject::Entities => {
            way_in.replace("groups folder", "entities folder/*").replace("load groups", "load entities")
        }
    };
    Err(anyhow!("the file is {word}, which is not read"))
        .hint(way_in.split("'FILE'").map(|part| part.replace("FILE", &file)).collect::<Vec<_>>().join(&quoted))
}

/// Returns the kind of a text by its beginning and its file's name.
pub(in crate::intake) fn text_kind(start: &str, name: &str, subject: Subject) -> anyhow::Result<Kind> {
    let extension = extension(name);
    let extension = extension.as_str();
    if matches!(extension, "csv" | "tsv" | "tab" | "psv") {
        return Ok(Kind::Table);
    }
    let visible = start.trim_start();
    if visible.starts_with('[') || visible.starts_with('{') {
        return Ok(if visible.starts_with('{') && is_lines(visible) { Kind::JsonLines } else { Kind::Json });
    }
    Ok(match extension {
        "jsonl" | "ndjson" | "json" => Kind::JsonLines,
        "html" | "htm" | "xhtml" => Kind::Html,
        "txt" | "md" | "markdown" | "text" => Kind::Text,
        _ if visible.starts_with("<?xml") => {
            return refuse("XML", "`yq -p=xml -o=json . FILE | gleaner load groups -`", name, subject);
        }
        _ if visible.starts_with('<') => Kind::Html,
        _ => Kind::Table,
    })
}

/// Returns whether a text may be a list of names: its file's name tells nothing, and its first line is no line of
/// columns.
pub(in crate::intake) fn is_list_of_names(start: &str, name: &str) -> bool {
    let first = start.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    extension(name).is_empty()
        && !first.starts_with(['{', '[', '<', '"'])
        && !first.contains([',', ';', '\t', '|'])
        && !["name", "label"].iter().any(|column| first.eq_ignore_ascii_case(column))
}

/// True where the first line is a whole value: then each line is one. What is longer than the beginning that is at hand
/// is taken for lines, too, unless it is laid out.
fn is_lines(start: &str) -> bool {
    let Some((line, rest)) = start.split_once('\n') else {
        return serde_json::from_str::<serde::de::IgnoredAny>(start.trim()).is_err() || !holds_records(start);
    };
    let is_whole = serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
    if is_whole && rest.trim().is_empty() {
        return !holds_records(line);
    }
    // `{` alone on its line, or with the first field behind it, is a layout; a broken record ends otherwise.
    is_whole || !(line.trim_end() == "{" || line.trim_end().ends_with(['{', '[', ',']))
}

/// True where the only value of a file is an envelope: no record itself, with a list of objects in it.
fn holds_records(value: &str) -> bool {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(value.trim()) else { return false };
    super::super::readers::json_document::records_within(&fields)
}

/// Returns the end of a file's name in lower case, a `.gz` behind it not counted.
pub(in crate::intake) fn extension(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    file.rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        for (start, name, expected) in [
            (&b"SQLite format 3\0..."[..], "a", Kind::Sqlite),
            (b"\x1f\x8b\x08", "a", Kind::Gzip),
            (b"PK\x03\x04....xl/workbook.xml", "a", Kind::Sheet),
            (b"PK\x03\x04....[Content_Types].xml", "a", Kind::Sheet),
            (b"PK\x03\x04....", "a.XLSX", Kind::Sheet),
        ] {
            assert_eq!(kind(start, name, Subject::Groups).unwrap(), Some(expected), "{name}");
        }
        assert_eq!(kind(b"id,text", "a", Subject::Groups).unwrap(), None);
        for (start, word, way_in) in [
            (&b"PAR1...."[..], "Parquet", "duckdb -json -c \"FROM 'f'\""),
            (b"%PDF-1.7", "PDF", "pdftotext f"),
            (b"PK\x03\x04....word/document.xml", "DOCX", "pandoc f"),
            (b"WARC/1.0\r\n", "web archive", "warcat extract f"),
            (b"{\\rtf1", "RTF", "pandoc f"),
            (b"PK\x03\x04....readme.txt", "ZIP", "unzip f"),
            (b"\xd0\xcf\x11\xe0....", "old Excel", "convert-to xlsx f"),
            (
                b"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "OpenDocument spreadsheet",
                "convert-to xlsx f",
            ),
            (b"PK\x03\x04....xl/workbook.bin", "binary Excel", "convert-to xlsx f"),
        ] {
            let error = crate::error::explain(&kind(start, "f", Subject::Groups).unwrap_err());
            assert!(error.message.contains(word) && error.hints[0].contains(way_in), "{error:?}");
            let odd = crate::error::explain(&kind(start, "f' g", Subject::Groups).unwrap_err());
            assert!(odd.hints[0].contains(r"'f'\'' g'") || odd.hints[0].contains("'FILE'"), "{odd:?}");
            let of_catalog = crate::error::explain(&kind(start, "f", Subject::Entities).unwrap_err());
            assert!(!of_catalog.hints[0].contains("groups"), "{of_catalog:?}");
        }
    }

    #[test]
    fn texts_are_told_by_beginning_and_name() {
        for (start, name, expected) in [
            ("{\"id\":1,\"text\":\"x\"}\n{\"id\":2}", "-", Kind::JsonLines),
            ("{\"id\":1,\"text\":\"x\"}", "-", Kind::JsonLines),
            ("{\"id\":1,\"stories\":[{\"text\":\"x\"}]}\n", "-", Kind::JsonLines),
            ("{\"status\":\"ok\",\"articles\":[{\"text\":\"x\"}]}\n", "-", Kind::Json),
            ("{\n \"articles\": [", "-", Kind::Json),
            ("{\"id\":\"a\"\nnonsense", "a.jsonl", Kind::JsonLines),
            ("\n [1]", "a.jsonl", Kind::Json),
            ("nonsense", "a.jsonl", Kind::JsonLines),
            ("id;text\n1;x", "-", Kind::Table),
            ("[id],text", "A.CSV", Kind::Table),
            ("A text", "a.md", Kind::Text),
            ("<html>", "-", Kind::Html),
            ("x", "a.txt.gz", Kind::Text),
        ] {
            assert_eq!(text_kind(start, name, Subject::Groups).unwrap(), expected, "{start} {name}");
        }
        assert!(is_list_of_names("Ada Lovelace\nGrace|Hopper\n", ""));
        for (start, name) in [("name\nAda", ""), ("id,name", ""), ("Ada", "a.csv"), ("{\"id\":1}", "")] {
            assert!(!is_list_of_names(start, name), "{start} {name}");
        }
        assert!(text_kind("<?xml version='1.0'?>", "feed.rss", Subject::Groups).is_err());
    }
}
