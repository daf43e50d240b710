//! Files as people have them: other names, other forms, other dates.

use super::*;

fn map(pairs: &[(&str, &str)]) -> Mapping {
    let columns = pairs.iter().map(|(field, column)| ((*field).to_owned(), (*column).to_owned())).collect();
    Mapping { columns, ..Mapping::default() }
}

#[test]
fn an_export_of_a_newsroom_goes_in_as_it_is() {
    // Windows-1252, semicolons, their own names, HTML, a copy, and an address that two articles share.
    let file = b"\"Headline\";Body;\"Pub Date\";URL;Section\n\
        \"Tom\xe1s\";\"<p>Caf\xe9 \x93one\x94 &amp; two.</p><p>Three.</p>\";25/03/2024;https://a/1;City\n\
        Two;second;\"Feb 3, 2024\";https://a/2;\n\
        Two;second;2024-02-03;https://a/2;Sport\n\
        Three;third text;04/03/2024;https://a/2;Sport\n";
    assert_eq!(
        groups_of("f.csv", file, Mapping::default()),
        [
            "2: u-8a34fa38eac8098c | Tomás | active | - | -, Café “one” & two.\n\nThree., https://a/1, 2024-03-25 section=City",
            "3: u-ab27979b7aa8cd6d | Two | active | - | -, second, https://a/2, 2024-02-03",
            "4: copy",
            "5: t-f999967d17f5bdd1 | Three | active | - | -, third text, https://a/2, 2024-03-04 section=Sport",
        ]
    );
}

#[test]
fn envelopes_and_sequences_of_json_are_opened() {
    check_groups(
        "f.json",
        "{\n \"status\": \"ok\", \"n\": [1, 2], \"meta\": {\"x\": []},\n \"articles\": [\n  {\"id\": \"a\", \"content\": \"x ]\"},\n\
         {\"id\": \"b\", \"content\": \"y\"}], \"links\": [{\"rel\": \"next\"}]}",
        &["4: a | - | active | - | -, x ], -, -", "5: b | - | active | - | -, y, -, -"],
    );
    check_groups(
        "f.json",
        "{\"response\": {\"docs\": [{\"_id\": \"a\", \"_source\": {\"text\": \"x\", \"tag\": \"t\"}}]}}",
        &["1: a | - | active | - | -, x, -, - _source.tag=t"],
    );
    check_groups(
        "f.json",
        "{\n  \"id\": 1,\n  \"text\": \"x\", \"authors\": [{\"name\": \"A\"}]\n}\n{\n  \"id\": 2, \"text\": \"y\"\n}\n",
        &["1: 1 | - | active | - | -, x, -, - authors=A", "5: 2 | - | active | - | -, y, -, -"],
    );
    check_groups("f.json", "{\"stories\": [{\"id\": 1, \"text\": \"x\"}]}", &["1: 1 | - | active | - | -, x, -, -"]);
    check_groups(
        "f.json",
        "{\n\"a\": [{\"id\": 1, \"text\": \"x\"}, {\"id\"",
        &["2: 1 | - | active | - | -, x, -, -", "2! the JSON array breaks off within an element"],
    );
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_row() {
    for (rows, expected) in [
        (
            "1,x\n2,\"open\n3,y\n4,z\n",
            &["4: 3 | - | active | - | -, y, -, -", "5: 4 | - | active | - | -, z, -, -"][..],
        ),
        ("1,x\n2,\"open\n3,\"y\"\n", &["4: 3 | - | active | - | -, y, -, -"]),
        ("1,x\n2,\"open\n3,a\",b\n", &["4! cells: 3, column names: 2"]),
    ] {
        let first = "2: 1 | - | active | - | -, x, -, -";
        let mut all = vec![first, "3! a quote opens here and is not closed in this row"];
        all.extend(expected);
        check_groups("f.csv", &format!("id,text\n{rows}"), &all);
    }
    check_groups(
        "f.csv",
        "id,text\n1,5\" pipe\n2,\"a \"b\" c\"\n3,\"x\ny\"\n",
        &[
            "2: 1 | - | active | - | -, 5\" pipe, -, -",
            "3: 2 | - | active | - | -, a \"b\" c\", -, -",
            "4: 3 | - | active | - | -, x\ny, -, -",
        ],
    );
}

#[test]
fn tables_of_any_dialect() {
    let row = ["2: 1 | - | active | - | -, a b, -, -"];
    check_groups("f", "id|text\n1|a b\n", &row);
    check_groups("f.csv", "id\ttext\r1\ta b\r", &row);
    check_groups("f.tsv", "\u{feff}id\ttext\n1\ta b", &row);
    check_groups("f.csv", "\u{feff}sep=;\nid;text\n1;a b\n", &["3: 1 | - | active | - | -, a b, -, -"]);
    check_groups("f.csv", "id,text,text\n1,a b,more\n", &["2: 1 | - | active | - | -, a b, -, - text_2=more"]);
    check_groups("f.csv", "id,text\n1,a b,,\n", &row);
    let utf16: Vec<u8> = "id,text\n1,a b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(groups_of("f.csv", &utf16, Mapping::default()), row);
}

#[test]
fn what_was_typed_wins() {
    let file = b"Nr,Volltext,text,Ressort\n7,long,short,Sport\n";
    assert_eq!(
        groups_of("f.csv", file, map(&[("text", "Volltext"), ("id", "nr"), ("section", "Ressort")])),
        ["2: 7 | - | active | - | -, long, -, - section=Sport text=short"]
    );
    let status = b"id,text,status\n1,x,published\n";
    assert_eq!(groups_of("f.csv", status, Mapping::default()), ["2: 1 | - | published | - | -, x, -, -"]);
    assert_eq!(
        groups_of("f.csv", status, map(&[("status", "")])),
        ["2: 1 | - | active | - | -, x, -, - status=published"]
    );
    let row = Mapping { id_from: Some(IdFrom::Row), ..Mapping::default() };
    assert_eq!(groups_of("my file.csv", b"id,text\n9,x\n", row), ["2: my-file:1 | - | active | - | -, x, -, - id=9"]);
}

#[test]
fn rows_become_groups_of_stories() {
    let file = b"id,cluster,title,text,url\n1,A,One,x,u1\n2,B,Two,y,u2\n3,A,Three,z,u3\n4,A,One,x,u1\n5,,Five,v,u5\n";
    let mapping = Mapping { group_by: Some("cluster".into()), ..Mapping::default() };
    assert_eq!(
        groups_of("f.csv", file, mapping),
        [
            "6! `cluster` is empty, by which the rows are grouped",
            "2: A | One | active | - | One, x, u1, - id=1; Three, z, u3, - id=3",
            "3: B | Two | active | - | Two, y, u2, - id=2",
        ]
    );
}

#[test]
fn a_date_never_costs_the_article() {
    let dated = |rows: &str, mapping: Mapping| groups_of("f.csv", format!("id,text,date\n{rows}").as_bytes(), mapping);
    assert_eq!(
        dated("1,x,04/03/2024\n2,y,soon\n", Mapping::default()),
        ["2: 1 | - | active | - | -, x, -, -", "3: 2 | - | active | - | -, y, -, -"]
    );
    assert_eq!(
        dated("1,x,04/03/2024\n2,y,03/25/2024\n", Mapping::default()),
        ["2: 1 | - | active | - | -, x, -, 2024-04-03", "3: 2 | - | active | - | -, y, -, 2024-03-25"]
    );
    assert_eq!(
        dated("1,x,04/03/2024\n2,y,03/25/2024\n3,z,25/03/2024\n", Mapping::default()),
        [
            "2: 1 | - | active | - | -, x, -, -",
            "3: 2 | - | active | - | -, y, -, 2024-03-25",
            "4: 3 | - | active | - | -, z, -, 2024-03-25",
        ],
        "the file shows both orders"
    );
    let day_first = Mapping { date_order: Some(date::Order::DayFirst), ..Mapping::default() };
    assert_eq!(dated("1,x,04/03/24\n", day_first), ["2: 1 | - | active | - | -, x, -, 2024-03-04"]);
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let check = |name: &str, file: &str, mapping: Mapping, expected: &[&str]| {
        let options = Options { mapping, command: "gleaner load groups F".into(), ..Options::default() };
        let (_folder, input) = open(name, file.as_bytes(), &options).unwrap();
        let error = records::groups(&input, &options, &silent()).err().expect("refused");
        let error = crate::error::explain(&error);
        let said: Vec<String> = error.causes.into_iter().chain(error.hints).collect();
        assert_eq!(said, expected, "{file}");
    };
    check(
        "f.csv",
        "Nr;Volltext\n1;long text here\n2;more\n",
        Mapping::default(),
        &[
            "2 records; no column is called text; `Volltext` may be it",
            "its columns are `Nr` and `Volltext`",
            "`gleaner load groups F --map text=Volltext,id=Nr`",
        ],
    );
    // A number that several rows have is no id, a street is no URL.
    check(
        "f.csv",
        "No;Adresse;Volltext\n1;Hauptstr. 1;long text here\n1;Hauptstr. 2;more\n",
        Mapping::default(),
        &[
            "2 records; no column is called text; `Volltext` may be it",
            "its columns are `No`, `Adresse` and `Volltext`",
            "`gleaner load groups F --map text=Volltext`",
        ],
    );
    // The others are named with it: they would be attributes.
    check(
        "f.csv",
        "Überschrift;Veröffentlicht am;Kommentar;Inhalt;Titel\nA;3.2.2024;much longer than the text;short;B\n",
        Mapping::default(),
        &[
            "1 record; no column is called text; `Inhalt` may be it",
            "its columns are `Überschrift`, `Veröffentlicht am`, `Kommentar`, `Inhalt` and `Titel`",
            "`gleaner load groups F --map 'text=Inhalt,title=Überschrift,date=Veröffentlicht am'`",
        ],
    );
    check(
        "f.csv",
        "titre,date,wording\nUn,2024-02-03,long text here\n",
        Mapping::default(),
        &[
            "1 record; no column is called text; the longest texts stand in `wording`",
            "its columns are `titre`, `date` and `wording`",
            "`gleaner load groups F --map text=wording,title=titre`",
        ],
    );
    check(
        "f.jsonl",
        "{\"id\":1,\"x\":{\"full text\":\"long\"}}\n",
        map(&[("title", "head")]),
        &[
            "1 record; no column is called `head`; no column is called text; the longest texts stand in `x.full text`",
            "its columns are `id` and `x`",
            "`gleaner load groups F --map 'text=x.full text'`",
        ],
    );
    check(
        "f.jsonl",
        "{\"id\":1,\"stories\":[{\"text\":\"\"}]}\n",
        Mapping::default(),
        &["1 record; none of the stories has any text", "its columns are `id` and `stories`"],
    );
    check("f.csv", "id,text\n", Mapping::default(), &["there is no record in it"]);
    check("f.jsonl", "", Mapping::default(), &["there is no record in it"]);
}

#[test]
fn catalogs_as_people_have_them() {
    let person = || Mapping { entity_type: Some("person".into()), ..Mapping::default() };
    assert_eq!(
        entities_of("names.txt", b"Ada Lovelace\n\nGrace Hopper\r\nAda Lovelace\n", person()),
        ["1: Ada Lovelace | person | Ada Lovelace |  | ", "3: Grace Hopper | person | Grace Hopper |  | ", "4: copy"]
    );
    let query = b"item,itemLabel,itemAltLabel,teamLabel\n\
        http://www.wikidata.org/entity/Q1,Ann One,\"A. One, Annie\",X\n\
        http://www.wikidata.org/entity/Q2,Ben Two,,Y\n\
        http://www.wikidata.org/entity/Q1,Ann One,\"A. One, Annie\",Z\n";
    assert_eq!(
        entities_of("query.csv", query, person()),
        ["2: Q1 | person | Ann One | A. One|Annie | team=X, Z", "3: Q2 | person | Ben Two |  | team=Y"]
    );
    let json = br#"{"head":{"vars":["item"]},"results":{"bindings":[{"item":{"type":"uri",
        "value":"http://www.wikidata.org/entity/Q3"},"itemLabel":{"type":"literal","value":"Cy Three"}}]}}"#;
    assert_eq!(entities_of("query.json", json, person()), ["1: Q3 | person | Cy Three |  | "]);
    // OpenRefine gives each further value a row of its own.
    check_entities(
        "refine.csv",
        "id,type,name,aliases\n1,person,Ann,A.\n,,,Annie\n2,person,Ben,\n",
        &["2: 1 | person | Ann | A.|Annie | ", "4: 2 | person | Ben |  | "],
    );
    check_entities("f.csv", "id,type,label,Synonyms\n1,person,Ann,A|B\n", &["2: 1 | person | Ann | A|B | "]);
    check_entities(
        "f.csv",
        "id,type,name,aliases,synonyms\n1,person,Ann,,A|B\n",
        &["2: 1 | person | Ann |  | synonyms=A|B"],
    );
    check_entities(
        "f.csv",
        "id,type,name,aliases\n1,org,X,\"[\"\"A|B\"\",\"\"C  D\"\"]\"\n",
        &["2: 1 | org | X | A|B|C D | "],
    );
}

#[test]
fn objects_one_behind_the_other_on_a_line_are_records() {
    check_groups(
        "f.json",
        "{\"id\":1,\"text\":\"x\"}{\"id\":2,\"text\":\"y\"} {\"id\":3,\"text\":\"z\"}",
        &[
            "1: 1 | - | active | - | -, x, -, -",
            "1: 2 | - | active | - | -, y, -, -",
            "1: 3 | - | active | - | -, z, -, -",
        ],
    );
    check_groups(
        "f.jsonl",
        "{\"id\":1,\"text\":\"x\"}\n{\"id\":2,\"text\":\"y\"}{\"id\":3,\"text\":\"z\"}\n{\"id\":4,\"text\":\"w\"}[1]\n",
        &[
            "1: 1 | - | active | - | -, x, -, -",
            "2: 2 | - | active | - | -, y, -, -",
            "2: 3 | - | active | - | -, z, -, -",
            "3! not JSON: trailing characters (column 20)",
        ],
    );
}
