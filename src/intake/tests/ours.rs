//! Files as our own documents describe them.

use std::io::Write as _;

use super::*;

#[test]
fn both_forms_of_a_group() {
    check_groups(
        "f.jsonl",
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
        "f.jsonl",
        "{\"id\":\"a\"}\n\
         {\"id\":\"b\"\n\
         [1]\n\
         {\"title\":\"x\"}\n\
         {\"id\":\"\"}\n\
         {\"id\":1.5}\n\
         {\"id\":\"a\\u0007b\"}\n\
         {\"id\":\"c5\",\"title\":5}\n\
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
            "8: c5 | 5 | active | - | ",
            "9! `stories` is an object, not a list",
            "10! story 2: is a text, not an object",
            "11! has `stories` and fields of a single story (`text`, `url`, `published_at`) too",
            "12: c | - | active | - | -, t, -, -",
            "13! id `a` is already on line 1",
            "14: d | - | active | - | ",
        ],
    );
}

#[test]
fn what_pandas_writes_for_nothing_is_nothing() {
    check_groups(
        "f.jsonl",
        "{\"id\":1.0,\"title\":NaN,\"text\":\"a \\\"NaN\",\"published_at\":NaN}\n\
         {\"id\":2,\"text\":\"b\",\"created_at\":\"NaT\",\"url\":-Infinity}\n\
         {\"id\":NaN,\"text\":\"c\"}\n",
        &["1: 1 | - | active | - | -, a \"NaN, -, -", "2: 2 | - | active | - | -, b, -, -", "3! `id` is missing"],
    );
}

#[test]
fn one_json_array_is_a_file_too() {
    check_groups(
        "f.jsonl",
        "\n[\n  {\"id\": \"a\", \"text\": \"]},{\\\"\"},\n  {\n    \"id\": \"b\"\n  } , 5, \"x\", {\"id\":\"c\"}\n]\n",
        &[
            "3: a | - | active | - | -, ]},{\", -, -",
            "4: b | - | active | - | ",
            "6! a number in place of a JSON object",
            "6! a text in place of a JSON object",
            "6: c | - | active | - | ",
        ],
    );
    check_groups("f.jsonl", "[]", &["file: there is no record in it"]);
    check_groups(
        "f.jsonl",
        "[{\"id\":1,\"text\":\"x\"}",
        &["1: 1 | - | active | - | -, x, -, -", "1! the JSON array has no end"],
    );
    check_groups("f.jsonl", "[{\"id\":1", &["1! the JSON array breaks off within an element"]);
    check_groups(
        "f.jsonl",
        "[{\"id\":1,\"text\":\"x\"} {\"id\":2}]",
        &["1: 1 | - | active | - | -, x, -, -", "1! a comma is missing between two elements of the JSON array"],
    );
    check_groups("f.jsonl", "[,]", &["1! an element of the JSON array is missing"]);
    check_groups("f.jsonl", "[]\n{\"id\":1}", &["2! something follows the end of the JSON array"]);
}

#[test]
fn a_table_is_one_row_a_group() {
    check_groups(
        "f.csv",
        "\u{feff}ID,Title,Text,published_at,section\r\n\
         1,\"A, b\",\"two\r\nlines and \"\"quotes\"\"\",2024-05-06,sport\r\n\
         2,,,,\r\n\
         3,short\r\n\
         2,again,x,,\r\n",
        &[
            "2: 1 | A, b | active | - | -, two\r\nlines and \"quotes\", -, 2024-05-06 section=sport",
            "4: 2 | - | active | - | ",
            "5! cells: 2, column names: 5",
            "6! id `2` is already on line 4",
        ],
    );
    check_groups("f.csv", "id;text\n1;a,b\n", &["2: 1 | - | active | - | -, a,b, -, -"]);
    check_groups("f.csv", "id\ttext\n1\ta;b\n", &["2: 1 | - | active | - | -, a;b, -, -"]);
    check_groups("f.csv", "id,text\n", &["file: there is no record in it"]);
    check_groups(
        "f.csv",
        "id,text\r\n\r\n1,\"a\nb\"\r\n \r\n2",
        &["3: 1 | - | active | - | -, a\nb, -, -", "6! cells: 1, column names: 2"],
    );
}

#[test]
fn entities_of_both_forms() {
    check_entities(
        "f.jsonl",
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
        "f.csv",
        "id,type,name,aliases,Country\n1,agency,NASA,National Aeronautics and Space Administration| ,USA\n2,agency,ESA,,\n",
        &[
            "2: 1 | agency | NASA | National Aeronautics and Space Administration | country=USA",
            "3: 2 | agency | ESA |  | ",
        ],
    );
}

#[test]
fn decisions_stand_beside_the_entities_of_a_catalog() {
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
        entities_of("f.jsonl", file.as_bytes(), Mapping::default()),
        [
            "1: 1 | team | Chiefs |  | ",
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

#[test]
fn unknown_fields_of_a_record_are_attributes_and_nameless_ones_are_said() {
    let file = "{\"id\":1,\"text\":\"x\",\"storys\":[],\"a b\":{\"c\":[1,2]},\" \":5}\n";
    let options = Options::default();
    let (_folder, input) = open("f.jsonl", file.as_bytes(), &options).unwrap();
    let mut records = records::groups(&input, &options, &silent()).unwrap();
    let Some(Ok((_, Got::One(made)))) = records.next() else { panic!("a group") };
    assert_eq!(show_group(&made.group), "1 | - | active | - | -, x, -, - a_b.c=1+2");
    assert!(records.next().is_none());
    assert_eq!(records.report().ignored.iter().collect::<Vec<_>>(), [" "]);
}

/// Pinned: loading an unchanged file again must make no paid answer stale, whatever is cleaned by then.
#[test]
fn the_hash_is_taken_before_a_text_is_cleaned() {
    let hash = |file: &str| {
        let made = bundled_groups(file.to_owned().leak()).next().unwrap().unwrap().1;
        let hash: String = made.text_hash().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        (hash, made.group.stories[0].text.clone())
    };
    let file = r#"{"id":"g","title":"t","stories":[{"title":"a","text":"b","published_at":"2024-01-01T00:00:00Z"}]}"#;
    assert_eq!(hash(file), ("b84236553fcb393d4da0a39a85f9e950".into(), "b".into()));
    let file = r#"{"id":"g","title":"t","text":"<p>a &amp; b</p>","section":"x"}"#;
    assert_eq!(hash(file), ("682e8b0e008842bc77ceb9eb84f43936".into(), "a & b".into()));
    let blank = bundled_groups(r#"{"id":"g","text":"<p> </p>"}"#).next().unwrap().unwrap().1;
    assert_eq!(blank.hashes, None, "nothing is left to read");
}

#[test]
fn what_never_ends_is_not_held() {
    let long = "x".repeat(RECORD_BYTES_MAX + 100);
    let lines = |name: &str, start: &str| groups_of(name, format!("{start}{long}").as_bytes(), Mapping::default());
    assert_eq!(
        lines("f.jsonl", "{\"id\":1,\"text\":\"a\"}\n{\"id\":\""),
        ["1: 1 | - | active | - | -, a, -, -", "2! longer than 16 MiB"]
    );
    assert_eq!(lines("f.csv", "id,text\n1,a\n2,\""), ["2: 1 | - | active | - | -, a, -, -", "3! longer than 16 MiB"]);
    assert_eq!(
        lines("f.json", "[{\"id\":1,\"text\":\"a\"},\n{\"id\":\""),
        ["1: 1 | - | active | - | -, a, -, -", "2! the JSON array breaks off within an element"]
    );
    let wide: String = (0..100_000).map(|i| format!("c{i},")).collect();
    assert_eq!(
        groups_of("f.csv", format!("{wide}text\n").as_bytes(), Mapping::default()),
        ["file: 100001 columns, over the limit of 16384"]
    );
    let fields: String = (0..20_000).map(|i| format!("\"c{i}\":1,")).collect();
    let file = format!("{{{fields}\"text\":\"x\"}}\n{{\"text\":\"y\"}}");
    assert_eq!(
        groups_of("f.jsonl", file.as_bytes(), Mapping::default()),
        ["1! more than 16384 columns", "2: t-a1fce4363854ff88 | - | active | - | -, y, -, -"]
    );
}

/// No damage to a file makes the reading panic, go on for ever, or lose a line without a word.
#[test]
fn damaged_files_are_read_to_their_end() {
    let files = [
        ("f.jsonl", "{\"id\":\"a\",\"stories\":[{\"text\":\"x\"}]}\n{\"id\":\"b\",\"created_at\":1714998600}\n"),
        ("f.json", "[{\"id\":\"a\",\"text\":\"[{\"},\n{\"id\":\"b\"}]\n"),
        ("g.json", "{\"n\":[1],\"d\":{\"a\":[{\"id\":\"a\",\"text\":\"x\"}]}}"),
        ("f.csv", "id,title,text\r\n1,\"a,\n\"\"b\",x\r\n2,y,z\r\n"),
    ];
    for (name, file) in files {
        for at in (0..file.len()).step_by(2) {
            for byte in *b"\"{],\n\0\xff" {
                let mut damaged = file.as_bytes().to_vec();
                damaged[at] = byte;
                for bytes in [&damaged[..], &damaged[..at]] {
                    let n = groups_of(name, bytes, Mapping::default()).len();
                    assert!(n <= 9, "{n} records of {:?}", String::from_utf8_lossy(bytes));
                }
            }
        }
    }
}

#[test]
fn gzipped_files_are_what_is_in_them() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"id,text\n1,x\n").unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(groups_of("f.csv.gz", &packed, Mapping::default()), ["2: 1 | - | active | - | -, x, -, -"]);
    assert_eq!(groups_of("f", &packed, Mapping::default()), ["2: 1 | - | active | - | -, x, -, -"]);
    assert!(groups_of("f.csv.gz", &packed[..packed.len() - 9], Mapping::default())[0].starts_with("file: "));
}
