use serde_json::json;

use crate::harness::World;

fn load(world: &World, what: &str, path: &std::path::Path, more: &[&str]) -> crate::harness::Ran {
    let path = path.display().to_string();
    world.run(&[&["load", what, &path], more].concat())
}

#[test]
fn groups_are_upserted_and_their_stories_replaced_as_a_set() {
    let world = World::new();
    let path = world.write_lines(
        "g.jsonl",
        &[
            json!({"id": "a", "title": "A", "created_at": "2024-05-06T10:00:00+02:00",
                   "stories": [{"text": "one"}, {"text": "two", "published_at": "2024-05-01"}]}),
            json!({"id": 7, "text": "alone"}),
            json!({"id": "a b", "title": "no text"}),
        ],
    );
    let ran = load(&world, "groups", &path, &[]).exits(0);
    assert_eq!(
        ran.stdout,
        "3 groups: 3 new, 0 changed, 0 unchanged; 0 bad lines; 1 without text, kept but never sent\n"
    );
    let kept = "SELECT g.external_id, g.wire_id IS NOT NULL, g.created_at, g.sort_at, g.text_hash IS NULL,
                       group_concat(s.ordinal || '=' || s.text, ',')
                FROM story_groups g LEFT JOIN stories s ON s.story_group_id = g.id GROUP BY g.id ORDER BY g.id";
    assert_eq!(
        world.rows(kept),
        ["a|0|2024-05-06T08:00:00Z|2024-05-06T08:00:00Z|0|1=one,2=two", "7|0|||0|1=alone", "a b|1|||1|",]
    );

    load(&world, "groups", &path, &[]).exits(0).says("0 new, 0 changed, 3 unchanged");
    let path = world.write_lines("g2.jsonl", &[json!({"id": "a", "title": "A", "stories": [{"text": "three"}]})]);
    load(&world, "groups", &path, &[]).exits(0).says("1 group: 0 new, 1 changed, 0 unchanged");
    assert_eq!(world.rows("SELECT ordinal, text FROM stories WHERE story_group_id = 1"), ["1|three"]);
    assert_eq!(world.count("SELECT count(*) FROM story_groups"), 3, "what a file does not name stays");
}

#[test]
fn a_bad_line_is_said_with_its_place_and_the_rest_is_saved() {
    let world = World::new();
    let path = world
        .write("g.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\nnonsense\n{\"id\":\"a\"}\n{\"id\":\"b\",\"txt\":\"y\"}\n");
    let ran = load(&world, "groups", &path, &["-q"]).exits(3);
    let name = path.display();
    let expected = format!("{name}:2: not JSON: expected ident (column 2)\n{name}:3: id `a` is already on line 1\n");
    assert_eq!(ran.stderr, expected);
    assert_eq!(world.rows("SELECT external_id FROM story_groups ORDER BY id"), ["a", "b"]);
    let summary = world.json(&["load", "groups", &name.to_string()], 3);
    assert_eq!((&summary["unchanged"], &summary["bad"]), (&json!(2), &json!(2)));
    assert_eq!(
        summary["errors"][0],
        json!({"file": name.to_string(), "line": 2, "reason": "not JSON: expected ident (column 2)"})
    );
}

#[test]
fn what_cannot_be_read_at_all_fails_before_anything_is_written() {
    let world = World::new();
    let good = world.write_lines("good.jsonl", &[json!({"id": "a", "text": "x"})]).display().to_string();
    let bad = world.write("bad.csv", "id,title\n1,x\n").display().to_string();
    world.run(&["load", "groups", &good, "nowhere.jsonl"]).exits(2).says("there is no file `nowhere.jsonl`");
    world
        .run(&["load", "groups", &good, ".", "--dry-run"])
        .exits(1)
        .says("there is no `.txt`, `.md` or `.html` file in the folder");
    world.run(&["load", "groups", "-", "-"]).exits(2).says("only one stdin");
    world.run(&["load", "groups"]).exits(2);
    assert!(!world.db.exists());
    world
        .run(&["load", "groups", &bad])
        .exits(1)
        .says("1 record; no column is called text; the longest texts stand in `title`")
        .says("--map text=title`");
}

#[test]
fn a_dry_run_writes_nothing_and_counts_the_same() {
    let world = World::new();
    let path = world.write_lines(
        "e.jsonl",
        &[json!({"id": 1, "type": "team", "name": "Bills", "aliases": ["BUF"], "city": "Buffalo"})],
    );
    let dry =
        load(&world, "entities", &path, &["--dry-run"]).exits(0).says("1 entity: 1 new").says("nothing was written");
    assert!(dry.stdout.starts_with("team:1  Bills\n    also called BUF\n    city=Buffalo\n"), "{}", dry.stdout);
    let dry = world.json(&["load", "entities", &path.display().to_string(), "--dry-run"], 0);
    assert_eq!(dry["first"][0]["name"], "Bills");
    assert!(!world.db.exists());
    load(&world, "entities", &path, &[]).exits(0);
    let path = world.write_lines("e2.jsonl", &[json!({"id": 1, "type": "team", "name": "Buffalo Bills"})]);
    load(&world, "entities", &path, &["--dry-run", "--replace"]).exits(0).says("1 changed, 0 unchanged, 0 removed");
    assert_eq!(world.rows("SELECT name FROM entities"), ["Bills"]);
}

#[test]
fn stdin_and_tables_are_files_too() {
    let world = World::new();
    let table = "\u{feff}ID;Title;Text\r\n1;\"A; b\";\"two\r\nlines\"\r\n2;only;two;many\r\n";
    let ran = world.run_with_stdin(&["load", "groups", "-", "--format", "csv"], table).exits(3);
    assert!(ran.stderr.starts_with("<stdin>:4: cells: 4, column names: 3\n"), "{}", ran.report());
    assert_eq!(world.rows("SELECT g.title, s.text FROM story_groups g JOIN stories s"), ["A; b|two\r\nlines"]);
    let table = "id,type,name,aliases,team\n1,player,Josh Allen,J. Allen|Josh,BUF\n";
    let path = world.write("e.csv", table);
    load(&world, "entities", &path, &[]).exits(0);
    assert_eq!(world.rows("SELECT name, attributes FROM entities"), ["Josh Allen|{\"team\":\"BUF\"}"]);
    assert_eq!(world.rows("SELECT alias FROM entity_aliases"), ["J. Allen", "Josh"]);
}

#[test]
fn a_catalog_is_replaced_only_by_a_whole_one() {
    let world = World::new();
    let one = |id: u32| json!({"id": id, "type": "team", "name": format!("Team {id}")});
    let path = world.write_lines("e.jsonl", &[one(1), one(2), one(3)]);
    load(&world, "entities", &path, &[]).exits(0);
    let names = "SELECT external_id FROM entities ORDER BY id";

    let path = world.write_lines("e.jsonl", &[one(2)]);
    load(&world, "entities", &path, &[]).exits(0);
    assert_eq!(world.rows(names), ["1", "2", "3"], "without --replace the others stay");

    let path = world.write("e.jsonl", &format!("{}\n{{\"id\":1}}\n", one(2)));
    load(&world, "entities", &path, &["--replace"]).exits(3).says("nothing was removed, because some lines are bad");
    let path = world.write("e.jsonl", "");
    load(&world, "entities", &path, &["--replace"]).exits(1).says("there is no record in it");
    assert_eq!(world.rows(names), ["1", "2", "3"]);

    let path = world.write_lines("e.jsonl", &[one(2), one(4)]);
    load(&world, "entities", &path, &["--replace"]).exits(0).says("1 new, 0 changed, 1 unchanged, 2 removed");
    assert_eq!(world.rows(names), ["2", "4"]);
}

#[test]
fn types_that_the_profile_does_not_know_are_named() {
    let world = World::new();
    let path = world.write_lines(
        "e.jsonl",
        &[json!({"id": 1, "type": "Company", "name": "A"}), json!({"id": 1, "type": "recipe", "name": "B"})],
    );
    load(&world, "entities", &path, &[]).exits(0).says("maps `recipe` to none of its types");
    let summary = world.json(&["load", "entities", &path.display().to_string()], 0);
    assert_eq!(summary["unmapped_types"], json!(["recipe"]));
}

#[test]
fn text_from_outside_stays_inert() {
    let world = World::new();
    let path =
        world.write("g.jsonl", "{\"id\":\"a\\u001b[31m\"}\n{\"id\":\"b\",\"text\":\"x\",\"\\u001b]0;x\\u0007\":1}\n");
    let ran = load(&world, "groups", &path, &["--color", "always"]).exits(3);
    assert!(!ran.stderr.contains("\u{1b}[31m`") && !ran.stderr.contains("\u{1b}]"), "{}", ran.report());
    assert!(!ran.stderr.contains('\u{7}'), "{}", ran.report());
}

#[test]
fn attributes_are_kept_and_select_groups_everywhere() {
    let world = World::new();
    let table = "id;title;text;section;tags\n\
                 a;Apollo;NASA flew to the moon.;Science;space\n\
                 b;Cup;Ada Lovelace won the cup.;SPORT;cup\n\
                 c;Race;NASA lost a race.;Sport;\n";
    let path = world.write("articles.csv", table);
    load(&world, "groups", &path, &[]).exits(0);
    assert_eq!(
        world.rows("SELECT attributes FROM stories ORDER BY id"),
        [r#"{"section":"Science","tags":"space"}"#, r#"{"section":"SPORT","tags":"cup"}"#, r#"{"section":"Sport"}"#]
    );
    load(&world, "groups", &path, &[]).exits(0).says("3 groups: 0 new, 0 changed, 3 unchanged");
    let found = |conditions: &[&str]| -> Vec<String> {
        let mut args = vec!["search", "NASA"];
        for condition in conditions {
            args.extend(["--where", condition]);
        }
        let ran = world.run(&args);
        ["Apollo", "Cup", "Race"].into_iter().filter(|title| ran.stdout.contains(title)).map(str::to_owned).collect()
    };
    assert_eq!(found(&[]), ["Apollo", "Race"]);
    assert_eq!(found(&["section=sport"]), ["Race"]);
    assert_eq!(found(&["Section!=sport"]), ["Apollo"]);
    assert_eq!(found(&["section=sport", "tags=cup"]), [""; 0]);
    let selected = |conditions: &[&str]| {
        world.json(&[&["batch", "create", "--dry-run"], conditions].concat(), 0)["total_groups"].clone()
    };
    assert_eq!(selected(&["--where", "section=sport"]), 2);
    assert_eq!(selected(&["--where", "section=sport", "--where", "tags!=cup"]), 1);
    let exported = world.run(&["export", "groups", "--where", "tags=space"]).exits(0);
    assert_eq!(exported.stdout.lines().count(), 1);
    world.run(&["topics", "--where", "nonsense"]).exits(2).says("section=sport");
}

#[test]
fn names_of_any_kind_survive_a_table() {
    let world = World::new();
    let entity = json!({
        "id": "1", "type": "team", "name": "A|B  C", "aliases": ["x|y", "[z]", "plain", "=1+1"],
        "attributes": {"label": "l", "synonyms": "s|t"}
    });
    load(&world, "entities", &world.write_lines("e.jsonl", &[entity]), &[]).exits(0);
    let all = "SELECT e.name, e.attributes, group_concat(a.alias, ' / ') FROM entities e JOIN entity_aliases a ON a.entity_id = e.id";
    let before = world.rows(all);
    let table = world.path("e.csv").display().to_string();
    world.run(&["export", "catalog", "-o", &table]).exits(0);
    world.run(&["load", "entities", &table]).exits(0).says("1 entity: 0 new, 0 changed, 1 unchanged");
    assert_eq!(world.rows(all), before);
}

/// Writes a workbook of one sheet, as small as it can be.
fn workbook(path: &std::path::Path, rows: &[&[&str]]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).expect("it can be written"));
    let mut part = |name: &str, text: &str| {
        zip.start_file(
            name,
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .expect("it can be written");
        std::io::Write::write_all(&mut zip, text.as_bytes()).expect("it can be written");
    };
    let relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    part("[Content_Types].xml", "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>");
    part(
        "_rels/.rels",
        &format!(
            "<Relationships xmlns='{package}'><Relationship Id='r1' Type='{relation}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
        ),
    );
    part(
        "xl/workbook.xml",
        &format!(
            "<workbook xmlns='{main}' xmlns:r='{relation}'><sheets><sheet name='News' sheetId='1' r:id='r1'/></sheets></workbook>"
        ),
    );
    part(
        "xl/_rels/workbook.xml.rels",
        &format!(
            "<Relationships xmlns='{package}'><Relationship Id='r1' Type='{relation}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
        ),
    );
    let mut sheet = format!("<worksheet xmlns='{main}'><sheetData>");
    for (number, cells) in (1..).zip(rows) {
        sheet.push_str(&format!("<row r='{number}'>"));
        for (column, cell) in ('A'..).zip(*cells) {
            sheet.push_str(&format!("<c r='{column}{number}' t='inlineStr'><is><t>{cell}</t></is></c>"));
        }
        sheet.push_str("</row>");
    }
    part("xl/worksheets/sheet1.xml", &(sheet + "</sheetData></worksheet>"));
    zip.finish().expect("it can be written");
}

#[test]
fn tables_come_as_people_have_them() {
    let world = World::new();
    let table = "guid;headline;body\n1;One;A lander.\n2;Two;A rover.\n";
    let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, table.as_bytes()).unwrap();
    std::fs::write(world.path("articles.csv.gz"), gzip.finish().unwrap()).unwrap();
    workbook(
        &world.path("articles.xlsx"),
        &[&["guid", "headline", "body"], &["1", "One", "A lander."], &["2", "Two", "A rover."]],
    );
    rusqlite::Connection::open(world.path("cms.db"))
        .unwrap()
        .execute_batch(
            "CREATE TABLE posts (guid TEXT, headline TEXT, body TEXT);
             INSERT INTO posts VALUES ('1', 'One', 'A lander.'), ('2', 'Two', 'A rover.')",
        )
        .unwrap();
    world.write("folder/1.txt", "A lander.\n");
    world.write("folder/2.md", "# Two\n\nA rover.\n");
    let texts = "SELECT s.text FROM stories s ORDER BY s.story_group_id";
    for name in ["articles.csv.gz", "articles.xlsx", "cms.db", "folder"] {
        let world_of_one = World::new();
        let path = world.path(name).display().to_string();
        let dry = world_of_one.run(&["load", "groups", &path, "--dry-run"]).exits(0);
        assert!(dry.stdout.contains("One") || name == "folder", "{name}: the first ones are shown\n{}", dry.stdout);
        assert!(dry.stdout.contains("A lander."), "{name}\n{}", dry.stdout);
        let ran = world_of_one.run(&["load", "groups", &path]).exits(0);
        assert_eq!(ran.stdout, "2 groups: 2 new, 0 changed, 0 unchanged; 0 bad lines\n", "{name}");
        let found = world_of_one.rows(texts);
        assert!(found[0] == "A lander." && found[1].contains("A rover."), "{name}: {found:?}");
        let ran = world_of_one.run(&["load", "groups", &path]).exits(0);
        assert_eq!(ran.stdout, "2 groups: 0 new, 0 changed, 2 unchanged; 0 bad lines\n", "{name}");
    }
}

#[test]
fn what_is_not_read_is_refused_with_the_way_in() {
    let world = World::new();
    let wide = (0..20_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",") + "\n";
    world.write("wide.csv", &wide);
    std::fs::write(world.path("old.xls"), [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).unwrap();
    for (name, expected) in [
        ("wide.csv", "error: cannot load `wide.csv`\n  caused by: 20000 columns, over the limit of 16384\n"),
        (
            "old.xls",
            "error: cannot load `old.xls`\n  caused by: the file is an old Excel workbook, which is not read\n\
             hint: `soffice --headless --convert-to xlsx old.xls`, then load that\n",
        ),
    ] {
        let ran = world.run(&["load", "groups", name]);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", expected));
        assert_ne!(ran.code, Some(0));
    }
    let fields: String = (0..20_000).map(|n| format!("\"c{n}\":1,")).collect();
    world.write("wide.jsonl", &format!("{{{fields}\"text\":\"x\"}}\n"));
    let ran = world.run(&["load", "groups", "wide.jsonl", "-q"]).exits(1);
    assert_eq!(ran.stderr, "wide.jsonl:1: more than 16384 columns\n");
    // A stream that unpacks to nothing but zeros, or to a line without end, is refused by its beginning.
    for (byte, expected) in [(0, "the file is not text: zero bytes stand in it"), (b'x', "a line longer than 16 MiB")] {
        let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
        std::io::Write::write_all(&mut gzip, &vec![byte; 17 * 1024 * 1024]).unwrap();
        let ran = world.run_with_stdin(&["load", "groups", "-"], gzip.finish().unwrap()).exits(1);
        assert_eq!(ran.stderr, format!("error: cannot load `<stdin>`\n  caused by: {expected}\n"));
    }
    world.write("grouped.csv", "cluster,text\na,One.\n,Two.\n");
    let ran = world.run(&["load", "groups", "grouped.csv", "--group-by", "cluster", "-q"]).exits(3);
    assert_eq!(ran.stderr, "grouped.csv:3: `cluster` is empty, by which the rows are grouped\n");
}

#[test]
fn other_markup_around_the_same_text_makes_no_answer_stale() {
    let world = World::new();
    let page = |markup: &str| json!({"id": "g1", "title": "T", "text": markup, "section": "sport"});
    world.load_groups(&[page("<p>NASA flew to the <b>moon</b>.</p>")]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let hash = world.rows("SELECT hex(text_hash) FROM story_groups");
    world.load_groups(&[page("<div><p>NASA flew to the <i>moon</i>.</p></div>")]);
    let mut other = page("<p>NASA flew to the moon.</p>");
    other["section"] = "science".into();
    world.load_groups(&[other]);
    assert_eq!(world.rows("SELECT attributes FROM stories"), [r#"{"section":"science"}"#]);
    // Another program dates it anew.
    world.sql().execute_batch("UPDATE story_groups SET created_at = '2001-02-03'").unwrap();
    world.run(&["progress"]).exits(0);
    assert_eq!(world.rows("SELECT hex(text_hash) FROM story_groups"), hash);
    assert_eq!(world.json(&["batch", "create", "--stale", "--dry-run"], 0)["total_requests"], 0);
    world.sql().execute_batch("UPDATE stories SET text = 'Another text.'").unwrap();
    assert_eq!(world.json(&["batch", "create", "--stale", "--dry-run"], 0)["total_requests"], 2);
}

#[test]
fn a_misspelt_name_of_a_field_or_a_column_is_said_and_never_repeated() {
    let world = World::new();
    let path =
        world.write("n.csv", "headline;body;section\nOne;A lander.;sport\nTwo;A rover.;sport\n").display().to_string();
    for map in ["titel=headline", "attributes.titel=headline", "text=Volltext,title=headlin", "text=bodi,x=y"] {
        world.run(&["load", "groups", &path, "--dry-run", "--map", map]);
    }
    world.run(&["load", "groups", &path, "--dry-run", "--group-by", "sektion"]).exits(2);
    world.run(&["load", "groups", &path, "--dry-run", "--id", "nr"]).exits(2);
    world.run(&["load", "entities", &path, "--dry-run", "--map", "nmae=headline"]).exits(2);
}

#[test]
fn a_dry_run_says_what_will_not_be_sent_as_the_load_does() {
    let world = World::new();
    let group = |id: &str, text: &str, status: &str| json!({"id": id, "text": text, "status": status});
    world.load_groups(&[group("a", "A lander.", "active"), group("b", "A rover.", "active")]);
    // Of a former text nothing is left: `b` becomes a copy of `a`, and `c` of nothing.
    let path = world.write_lines(
        "more.jsonl",
        &[
            group("b", "A lander.", "active"),
            group("c", "A rover.", "active"),
            group("d", "A rover.", "draft"),
            group("e", "<p>A rover.</p>", "active"),
            group("f", "A probe.", "active"),
            group("g", "A probe.", "active"),
            json!({"id": "h", "title": "no text"}),
        ],
    );
    let path = path.display().to_string();
    let dry = world.json(&["load", "groups", &path, "--dry-run"], 0);
    world.run(&["load", "groups", &path, "--dry-run"]).exits(0);
    let real = world.json(&["load", "groups", &path], 0);
    for name in ["new", "changed", "unchanged", "without_text", "same_text", "inactive"] {
        assert_eq!(dry[name], real[name], "{name}");
    }
    assert_eq!((&real["same_text"], &real["inactive"]), (&json!(2), &json!({"draft": 1})));
}

#[test]
fn a_day_stays_a_day_and_a_group_has_the_date_of_its_newest_story() {
    let world = World::new();
    let path = world.write_lines(
        "g.jsonl",
        &[
            json!({"id": "a", "title": "Day", "text": "A lander.", "date": "2024-02-03"}),
            json!({"id": "b", "title": "Two", "stories": [{"text": "A rover.", "date": "2023"}, {"text": "It drives.", "date": "2023-05"}]}),
            json!({"id": "c", "title": "Own", "created_at": "2022-01-02T03:04:05Z", "text": "A probe.", "date": "2024-02-04"}),
            json!({"id": "d", "title": "None", "text": "A lander, too."}),
        ],
    );
    load(&world, "groups", &path, &[]).exits(0);
    assert_eq!(
        world.rows("SELECT group_id, created_at FROM group_overview ORDER BY 1"),
        ["a|2024-02-03", "b|2023-05", "c|2022-01-02T03:04:05Z", "d|"]
    );
    let exported = world.run(&["export", "groups", "--format", "csv"]).exits(0).stdout;
    let times: Vec<&str> = exported.lines().skip(1).filter_map(|line| line.split(',').nth(2)).collect();
    assert_eq!(times, ["2024-02-03", "2023-05", "2022-01-02T03:04:05Z", ""]);
    assert_eq!(world.json(&["show", "b"], 0)["created_at"], "2023-05");
    assert_eq!(world.json(&["search", "lander"], 0)["groups"][0]["created_at"], "2024-02-03");
    for (since, until, expected) in [("2024-02-03", "2024-02-03", "a"), ("2023", "2023-05", "b"), ("2022", "2022", "c")]
    {
        let exported = world.run(&["export", "groups", "--format", "csv", "--since", since, "--until", until]).exits(0);
        let ids: Vec<&str> = exported.stdout.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(ids, [expected], "{since} to {until}");
    }
    world.run(&["show", "b"]).exits(0);
    world.run(&["search", "rover"]).exits(0);
}

#[test]
fn conditions_on_what_nothing_has_are_refused() {
    let world = World::with_groups(1);
    world.run(&["search", "Title", "--where", "section=sport"]).exits(2);
    let path = world.write("n.csv", "headline,body,Section,tags\nOne,A lander.,sport,a\n").display().to_string();
    world.run(&["load", "groups", &path, "-q"]).exits(0);
    for args in [&["search", "lander"][..], &["topics"], &["entities"], &["export"], &["batch", "create", "--dry-run"]]
    {
        world.run(&[args, &["--where", "secton=sport"]].concat()).exits(2);
        world.run(&[args, &["--where", "section=sport", "--json"]].concat()).exits(0);
    }
    world.run(&["report", "-o", "r.html", "--where", "x!=y"]).exits(2);
    for args in
        [&["unresolved"][..], &["entities"], &["catalog", "list"], &["catalog", "dedupe"], &["catalog", "propose"]]
    {
        world.run(&[args, &["--type", "nosuch"]].concat()).exits(2);
        world.run(&[args, &["--type", "PERSON"]].concat());
    }
}

#[test]
fn columns_in_another_language_are_proposed_and_no_date_is_made_up() {
    let world = World::new();
    for (name, table) in [
        ("de.csv", "Titel;Datum;Volltext\nEins;03.04.2024;Der erste Text.\nZwei;25.06.2024;Der zweite Text.\n"),
        ("fr.csv", "titre,date,texte\nUn,lundi 1er avril 2024,Le texte un.\n"),
        ("order.csv", "title,date,text\nOne,04/05/2024,A first text.\nTwo,25/06/2024,A second one.\n"),
        ("half.csv", "Titel;Erscheinungsdatum;Text\nEins;03.04.2024;Der erste Text.\n"),
        ("ours.csv", "Title;Date;Text;Datum\nOne;03.04.2024;A first text.;x\nTwo;25.06.2024;A second one.;y\n"),
    ] {
        world.write(name, table);
        world.run(&["load", "groups", name, "--dry-run"]);
    }
    // As it is proposed.
    let map = "text=Volltext,title=Titel,date=Datum";
    world.run(&["load", "groups", "de.csv", "--map", map, "--dry-run"]).exits(0);
    world.run(&["load", "groups", "fr.csv", "--map", "text=texte,title=titre", "--dry-run"]).exits(0);
    // A year of two digits is read in an order that is said.
    world.write("short.csv", "Titel;Datum;Text\nEins;03.04.24;Der erste Text.\n");
    let short = ["load", "groups", "short.csv", "--map", "text=Text,title=Titel,date=Datum", "--dry-run"];
    world.run(&short).exits(3).says("--date-order dmy");
    world.run(&[&short[..], &["--date-order", "dmy"]].concat()).exits(0);
    // A column that is another in each row may be its id, and one that holds URLs a URL; a street is none, and no word stands for a second
    // time what was loaded by another id before.
    world.write(
        "nr.csv",
        "Nr.;Adresse;Titel;Volltext\n7;https://x.example/7;Eins;Der erste Text.\n8;;Zwei;Der zweite Text.\n",
    );
    let proposed = "load groups nr.csv --dry-run --map text=Volltext,id=Nr.,url=Adresse,title=Titel";
    world.run(&["load", "groups", "nr.csv", "--dry-run"]).exits(1).says(proposed);
    world.run(&proposed.split(' ').collect::<Vec<_>>()).exits(0);
    world.write("no.csv", "No;Adresse;Text\n7;Hauptstr. 1;Der erste Text.\n7;Hauptstr. 2;Der zweite Text.\n");
    world.run(&["load", "groups", "no.csv"]).exits(0).says_not("may be more");
    world.write("number.csv", "number,text\n1,A first text.\n2,A second one.\n");
    world.run(&["load", "groups", "number.csv", "--dry-run"]).exits(0).says("--dry-run --map id=number");
    world.run(&["load", "groups", "number.csv"]).exits(0).says_not("may be more");
    world.write("typ.csv", "Bezeichnung;Typ\nAda Lovelace;person\n");
    world.run(&["load", "entities", "typ.csv"]).exits(1);
    world.run(&["load", "entities", "typ.csv", "--map", "name=Bezeichnung,type=Typ"]).exits(0);
}
