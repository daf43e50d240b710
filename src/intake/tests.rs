//! Whole files, as tables: what they hold and what is said about their bad lines.

use std::io::{self, BufReader, Read};

use super::*;
use crate::model::Story;

/// Reads a file and writes each record or error on one line, so that a test shows the file and what became of it.
fn read<T>(records: Result<Records<'_, T>>, show: fn(&T) -> String) -> Vec<String> {
    match records {
        Err(error) => vec![format!("file: {error:#}")],
        Ok(records) => records
            .map(|record| match record {
                Ok((line, record)) => format!("{line}: {}", show(&record)),
                Err(error) => format!("{}! {}", error.line, error.reason),
            })
            .collect(),
    }
}

fn show_group(group: &Group) -> String {
    let title = group.title.as_deref().unwrap_or("-");
    let stories = group.stories.iter().map(show_story).collect::<Vec<_>>().join("; ");
    format!("{} | {title} | {} | {} | {stories}", group.id, group.status, group.created_at.as_deref().unwrap_or("-"))
}

fn show_story(story: &Story) -> String {
    let or_dash = |field: &Option<String>| field.clone().unwrap_or_else(|| "-".into());
    format!("{}, {}, {}, {}", or_dash(&story.title), story.text, or_dash(&story.url), or_dash(&story.published_at))
}

fn show_entity(entity: &Entity) -> String {
    let attributes: Vec<String> = entity.attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let aliases = entity.aliases.join("|");
    format!("{} | {} | {} | {aliases} | {}", entity.id, entity.entity_type, entity.name, attributes.join(" "))
}

fn check_groups(format: Format, file: &str, expected: &[&str]) {
    assert_eq!(read(groups(file.as_bytes(), format), show_group), expected, "{file}");
    // The same in the smallest bites, since a pipe may hand over any.
    let bites = BufReader::with_capacity(3, file.as_bytes());
    if !matches!(format, Format::Csv) && !file.starts_with('\u{feff}') {
        assert_eq!(read(groups(bites, format), show_group), expected, "{file}");
    }
}

fn check_entities(format: Format, file: &str, expected: &[&str]) {
    assert_eq!(read(entities(file.as_bytes(), format), show_entity), expected, "{file}");
}

#[test]
fn both_forms_of_a_group() {
    check_groups(
        Format::JsonLines,
        "{\"id\":\"a\",\"title\":\" The \\n title \",\"status\":\"archived\",\"created_at\":\"2024-05-06\",\"stories\":[\
         {\"title\":\"One\",\"text\":\"t\",\"url\":\"u\",\"published_at\":\"2024-05-06 12:30\"},{\"text\":\"\"}]}\n\
         {\"id\":7,\"text\":\"alone\"}\r\n\
         \n\
         {\"id\":\"c\",\"title\":null,\"stories\":[]}",
        &[
            "1: a | The title | archived | 2024-05-06 | One, t, u, 2024-05-06T12:30:00Z; -, , -, -",
            "2: 7 | - | active | - | -, alone, -, -",
            "4: c | - | active | - | ",
        ],
    );
}

#[test]
fn a_bad_line_is_said_and_the_next_goes_on() {
    check_groups(
        Format::JsonLines,
        "{\"id\":\"a\"}\n\
         {\"id\":\"b\"\n\
         [1]\n\
         {\"title\":\"x\"}\n\
         {\"id\":\"\"}\n\
         {\"id\":1.5}\n\
         {\"id\":\"a\\u0007b\"}\n\
         {\"id\":\"c\",\"title\":5}\n\
         {\"id\":\"c\",\"stories\":{}}\n\
         {\"id\":\"c\",\"stories\":[{\"text\":\"t\"},\"u\"]}\n\
         {\"id\":\"c\",\"stories\":[],\"text\":\"t\"}\n\
         {\"id\":\"c\",\"text\":\"t\",\"published_at\":\"soon\"}\n\
         {\"id\":\"a\"}\n\
         {\"id\":\"d\"}\n",
        &[
            "1: a | - | active | - | ",
            "2! not JSON: EOF while parsing an object (column 9)",
            "3! a list in place of a JSON object",
            "4! `id` is missing",
            "5! `id` is empty",
            "6! `id` is 1.5, not text or a whole number",
            "7! `id` holds control characters: `a\\u{7}b`",
            "8! `title` is a number, not text",
            "9! `stories` is an object, not a list",
            "10! story 2: is a text, not an object",
            "11! has `stories` and fields of a single story (`text`, `url`, `published_at`) too",
            "12! `published_at`: `soon` is not a date such as 2024-05-06 or 2024-05-06T12:30:00Z",
            "13! id `a` is already on line 1",
            "14: d | - | active | - | ",
        ],
    );
}

#[test]
fn what_pandas_writes_for_nothing_is_nothing() {
    check_groups(
        Format::JsonLines,
        "{\"id\":1.0,\"title\":NaN,\"text\":\"a \\\"NaN\",\"published_at\":NaN}\n\
         {\"id\":2,\"text\":\"b\",\"created_at\":\"NaT\",\"url\":-Infinity}\n\
         {\"id\":NaN,\"text\":\"c\"}\n",
        &["1: 1 | - | active | - | -, a \"NaN, -, -", "2: 2 | - | active | - | -, b, -, -", "3! `id` is missing"],
    );
}

#[test]
fn one_json_array_is_a_file_too() {
    check_groups(
        Format::JsonLines,
        "\n[\n  {\"id\": \"a\", \"text\": \"]},{\\\"\"},\n  {\n    \"id\": \"b\"\n  } , 5, \"x\", {\"id\":\"c\"}\n]\n",
        &[
            "3: a | - | active | - | -, ]},{\", -, -",
            "4: b | - | active | - | ",
            "6! a number in place of a JSON object",
            "6! a text in place of a JSON object",
            "6: c | - | active | - | ",
        ],
    );
    check_groups(Format::JsonLines, "[]", &[]);
    check_groups(Format::JsonLines, "[{\"id\":1}", &["1: 1 | - | active | - | ", "1! the JSON array has no end"]);
    check_groups(Format::JsonLines, "[{\"id\":1", &["1! the JSON array breaks off within an element"]);
    check_groups(
        Format::JsonLines,
        "[{\"id\":1} {\"id\":2}]",
        &["1: 1 | - | active | - | ", "1! a comma is missing between two elements of the JSON array"],
    );
    check_groups(Format::JsonLines, "[,]", &["1! an element of the JSON array is missing"]);
    check_groups(Format::JsonLines, "[]\n{\"id\":1}", &["2! something follows the end of the JSON array"]);
}

#[test]
fn a_table_is_one_row_a_group() {
    check_groups(
        Format::Csv,
        "\u{feff}ID,Title,Text,published_at,section\r\n\
         1,\"A, b\",\"two\r\nlines and \"\"quotes\"\"\",2024-05-06,sport\r\n\
         2,,,,\r\n\
         3,short\r\n\
         2,again,x,,\r\n",
        &[
            "2: 1 | A, b | active | - | -, two\r\nlines and \"quotes\", -, 2024-05-06",
            "4: 2 | - | active | - | ",
            "5! cells: 2, column names: 5",
            "6! id `2` is already on line 4",
        ],
    );
    check_groups(Format::Csv, "id;text\n1;a,b\n", &["2: 1 | - | active | - | -, a,b, -, -"]);
    check_groups(Format::Csv, "id\ttext\n1\ta;b\n", &["2: 1 | - | active | - | -, a;b, -, -"]);
    check_groups(Format::Csv, "id,text\n", &[]);
    check_groups(
        Format::Csv,
        "id,text\r\n\r\n1,\"a\nb\"\r\n \r\n2",
        &["3: 1 | - | active | - | -, a\nb, -, -", "6! cells: 1, column names: 2"],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_error() {
    check_groups(Format::Csv, "", &["file: no column `id`, only ``"]);
    check_groups(Format::Csv, "id,title\n1,x\n", &["file: no column `text`, only `id`, `title`"]);
    check_groups(Format::Csv, "id,text,ID\n", &["file: two columns are named `id`"]);
    let check = |start: &[u8], expected: &str| {
        let error = groups(start, Format::JsonLines).err().expect("refused");
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(b"\xff\xfe{\0", "UTF-16");
    check(b"\x1f\x8b\x08", "compressed");
    check(b"PK\x03\x04", "spreadsheet");
}

#[test]
fn entities_of_both_forms() {
    check_entities(
        Format::JsonLines,
        "{\"id\":1,\"type\":\"player\",\"name\":\"Josh  Allen\",\"aliases\":[\"J. Allen\",\"Josh Allen\",\"\",\"J. Allen\"],\
         \"attributes\":{\"Team\":\"BUF\",\"born\":1996,\"active\":true,\"x\":null,\"seasons\":[2018,\"2019\"]},\"draft year\":2018}\n\
         {\"id\":1,\"type\":\"team\",\"name\":\"Bills\",\"aliases\":\"Buffalo|BUF\"}\n\
         {\"id\":1,\"type\":\"team\",\"name\":\"Bills\"}\n\
         {\"id\":2,\"name\":\"x\"}\n\
         {\"id\":2,\"type\":\"t\",\"name\":\" \"}\n\
         {\"id\":2,\"type\":\"t\",\"name\":\"x\",\"aliases\":[{}]}\n\
         {\"id\":2,\"type\":\"t\",\"name\":\"x\",\"attributes\":[]}\n",
        &[
            "1: 1 | player | Josh Allen | J. Allen | active=true born=1996 draft_year=2018 seasons=2018, 2019 team=BUF",
            "2: 1 | team | Bills | Buffalo|BUF | ",
            "3! id `1` is already on line 2",
            "4! `type` is missing",
            "5! `name` is missing",
            "6! an alias is an object, not text",
            "7! `attributes` is a list, not an object",
        ],
    );
    check_entities(
        Format::Csv,
        "id,type,name,aliases,Country\n1,agency,NASA,National Aeronautics and Space Administration| ,USA\n2,agency,ESA,,\n",
        &[
            "2: 1 | agency | NASA | National Aeronautics and Space Administration | country=USA",
            "3: 2 | agency | ESA |  | ",
        ],
    );
}

#[test]
fn unknown_fields_are_remembered() {
    let file = "{\"id\":1,\"storys\":[],\"stories\":[{\"txt\":\"\"}]}\n";
    let mut records = groups(file.as_bytes(), Format::JsonLines).unwrap();
    assert!(records.by_ref().all(|record| record.is_ok()));
    assert_eq!(records.ignored().iter().collect::<Vec<_>>(), ["stories.txt", "storys"]);
}

#[test]
fn bytes_that_are_no_text_are_a_bad_line() {
    let file = b"{\"id\":\"a\xff\"}\n{\"id\":\"b\"}\n";
    let lines = read(groups(&file[..], Format::JsonLines), show_group);
    assert_eq!(lines, ["1! not UTF-8 at byte 9", "2: b | - | active | - | "]);
    let lines = read(groups(&b"id,text\n1,\xff\n2,x\n"[..], Format::Csv), show_group);
    assert_eq!(lines, ["2! not UTF-8 in column `text`", "3: 2 | - | active | - | -, x, -, -"]);
}

/// Hands out a start, then the same byte for ever, or an error.
struct Endless {
    start: &'static [u8],
    then: Option<u8>,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.start.is_empty() {
            return self.start.read(buffer);
        }
        let Some(byte) = self.then else { return Err(io::Error::other("the disk is gone")) };
        let n_bytes = buffer.len().min(self.left);
        buffer[..n_bytes].fill(byte);
        self.left -= n_bytes;
        Ok(n_bytes)
    }
}

#[test]
fn what_never_ends_is_not_held() {
    let endless = |start, left| BufReader::new(Endless { start, then: Some(b'x'), left });
    let long = RECORD_BYTES_MAX + 100_000;
    let lines = read(groups(endless(b"{\"id\":1}\n{\"id\":\"", long), Format::JsonLines), show_group);
    assert_eq!(lines, ["1: 1 | - | active | - | ", "2! longer than 16 MiB"]);
    let lines = read(groups(endless(b"id,text\n1,a\n2,\"", long), Format::Csv), show_group);
    let expected = "3! a row longer than 16 MiB; a quote that is never closed?";
    assert_eq!(lines, ["2: 1 | - | active | - | -, a, -, -", expected]);
    let lines = read(groups(endless(b"[{\"id\":1},\n{\"id\":\"", long), Format::JsonLines), show_group);
    assert_eq!(lines, ["1: 1 | - | active | - | ", "2! the JSON array breaks off within an element"]);
}

#[test]
fn a_file_that_breaks_off_ends_the_reading() {
    for format in [Format::JsonLines, Format::Csv] {
        let start: &[u8] = if format == Format::Csv { b"id,text\n1,a\n2,b" } else { b"{\"id\":1}\n{\"id\":2" };
        let reader = BufReader::new(Endless { start, then: None, left: 0 });
        let mut records = groups(reader, format).unwrap();
        assert!(records.next().unwrap().is_ok());
        let error = records.next().unwrap().unwrap_err();
        assert!(error.is_fatal && error.reason.contains("the disk is gone"), "{error}");
        assert!(records.next().is_none(), "{format:?}");
    }
}

#[test]
fn the_format_is_in_the_name() {
    for (name, expected) in [
        ("a.csv", Format::Csv),
        ("a.TSV", Format::Csv),
        ("a.jsonl", Format::JsonLines),
        ("a.json", Format::JsonLines),
        ("csv", Format::JsonLines),
    ] {
        assert_eq!(Format::detect(Path::new(name)), expected, "{name}");
    }
}

/// No damage to a file makes the reading panic, go on for ever, or lose a line without a word.
#[test]
fn damaged_files_are_read_to_their_end() {
    let files = [
        (
            Format::JsonLines,
            "{\"id\":\"a\",\"stories\":[{\"text\":\"x\"}]}\n{\"id\":\"b\",\"created_at\":1714998600}\n",
        ),
        (Format::JsonLines, "[{\"id\":\"a\",\"text\":\"[{\"},\n{\"id\":\"b\"}]\n"),
        (Format::Csv, "id,title,text\r\n1,\"a,\n\"\"b\",x\r\n2,y,z\r\n"),
    ];
    for (format, file) in files {
        let n_records = groups(file.as_bytes(), format).unwrap().count();
        for at in 0..file.len() {
            for byte in *b"\"\\{}[],\n\r\0\xff9" {
                let mut damaged = file.as_bytes().to_vec();
                damaged[at] = byte;
                for bytes in [&damaged[..], &damaged[..at], &file.as_bytes()[at..]] {
                    let n = groups(bytes, format).map_or(0, Iterator::count);
                    assert!(n <= n_records + 2, "{n} records of {:?}", String::from_utf8_lossy(bytes));
                }
            }
        }
    }
}

#[test]
fn decisions_stand_beside_the_entities_of_a_catalog() {
    let show = |record: &CatalogRecord| match record {
        CatalogRecord::Entity(entity) => format!("entity {}", entity.id),
        CatalogRecord::Decision(taught) => {
            let target = taught.verdict.target().map_or("-".to_owned(), ToString::to_string);
            format!(
                "{} {} {target} [{}] {:?} {}",
                taught.mention,
                taught.verdict.as_str(),
                taught.mention_type,
                taught.hints,
                taught.decided_at.as_deref().unwrap_or("-")
            )
        }
    };
    let file = "{\"id\":1,\"type\":\"team\",\"name\":\"Chiefs\"}\n\
        {\"decision\":\"is\",\"mention\":\" K\\nC\",\"mention_type\":\"Team\",\"hints\":{\"Home Town\":\"Kansas  City\",\
          \"season\":2021,\"team\":null,\"\":\"x\",\"league\":\" \"},\"target_type\":\"team\",\"target_id\":\"1\",\
          \"decided_at\":\"2026-05-01\"}\n\
        {\"decision\":\"nothing\",\"mention\":\"The Boss\"}\n\
        {\"decision\":\"nothing\",\"mention\":\"!!!\"}\n\
        {\"decision\":\"maybe\",\"mention\":\"KC\"}\n\
        {\"decision\":\"not\",\"mention\":\"KC\",\"target_type\":\"team\"}\n\
        {\"decision\":\"not\",\"mention\":\"\",\"target_type\":\"team\",\"target_id\":\"1\"}\n\
        {\"decision\":\"nothing\",\"mention\":\"KC\",\"hints\":[]}\n";
    assert_eq!(
        read(catalog(file.as_bytes(), Format::JsonLines), show),
        [
            "1: entity 1",
            "2: K C is team:1 [Team] {\"home_town\": \"Kansas City\", \"season\": \"2021\"} 2026-05-01",
            "3: The Boss nothing - [] {} -",
            "4! `!!!` has no letters or digits to decide about",
            "5! `decision` is `maybe`, not `is`, `not` or `nothing`",
            "6! `target_id` is missing",
            "7! `mention` is missing",
            "8! `hints` is a list, not an object",
        ]
    );
}
