use std::fs;

use serde_json::json;

use crate::harness::{World, catalog, group, rows};

/// Twelve groups, asked and answered; Ada Lovelace is not in the catalog yet.
fn world() -> World {
    let world = World::new();
    world.load_groups(&(1..=12).map(group).collect::<Vec<_>>());
    world.load_entities(&catalog()[..2]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

#[test]
fn a_group_is_shown_with_topics_links_and_places() {
    let world = world();
    let shown = world.run(&["show", "g2"]).exits(0);
    shown.says("Title 2").says("moon landing").says("NASA").says("exact").says("unknown");
    let shown = world.json(&["show", "g2"], 0);
    let nasa = shown["entities"].as_array().unwrap().iter().find(|e| e["mention"] == "NASA").unwrap();
    assert_eq!(nasa["entity"]["entity_id"], "o1");
    let text = shown["stories"][0]["text"].as_str().unwrap();
    let place = &nasa["places"][0];
    let (start, end) = (place["start"].as_u64().unwrap() as usize, place["end"].as_u64().unwrap() as usize);
    assert_eq!((place["story"].as_u64(), &text[start..end]), (Some(1), "NASA"));
    world.run(&["show", "g13"]).exits(2).says("there is no group `g13`").says("did you mean `g1`");
}

#[test]
fn topics_and_entities_are_counted_and_listed() {
    let world = world();
    let top = world.json(&["topics"], 0);
    assert_eq!(top["topics"][0], json!({"topic": "moon landing", "label": "moon landing", "groups": 6}));
    let top = world.json(&["entities", "--type", "organization", "--limit", "1"], 0);
    assert_eq!((&top["total"], &top["entities"][0]["groups"]), (&json!(2), &json!(6)));
    assert_eq!(world.json(&["topics", "--since", "2000-01-11"], 0)["topics"][0]["groups"], 2);
    world.run(&["topics", "mon landing"]).exits(0).says("no topic `mon landing`; this is `moon landing`").says("g2");
    world.run(&["entities", "esa"]).exits(0).says("European Space Agency").says("g11");
    world.run(&["entities", "European Space Agncy"]).exits(0).says("this is `European Space Agency`");
    world.run(&["entities", "Nobody Anywhere"]).exits(2).says("no entity of the catalog is called");
    let related = world.json(&["related", "g2", "--limit", "1"], 0);
    assert_eq!(related["related"][0]["shared"].as_array().unwrap().len(), 2);
}

#[test]
fn a_merged_topic_stays_merged_through_later_imports() {
    let world = world();
    world.run(&["topics", "merge", "moon landing", "into", "Lunar landing"]).exits(0).says("in 6 groups");
    world.run(&["rebuild"]).exits(0);
    assert_eq!(
        world.rows("SELECT DISTINCT topic, label, merged_from FROM story_topics WHERE topic LIKE '%landing'"),
        ["lunar landing|Lunar landing|moon landing"]
    );
    world.run(&["topics", "moon landing"]).exits(0).says("was made `Lunar landing`");
    world.run(&["topics", "merge", "x", "into", "X"]).exits(2).says("it is the same topic");
    world.run(&["topics", "alias", "remove", "moon landing"]).exits(0).says("in 6 groups");
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE topic = 'moon landing'"), 6);
}

#[test]
fn topics_are_renamed_dropped_and_put_under_others() {
    let world = world();
    world.run(&["topics", "rename", "trade", "moon landing"]).exits(2).says("the topic `moon landing` already");
    world.run(&["topics", "rename", "trade", "Trade"]).exits(2);
    world.run(&["topics", "rename", "trade", "World trade"]).exits(0).says("in 6 groups");
    world.run(&["topics", "parent", "moon landing", "Space"]).exits(0);
    world.run(&["topics", "parent", "world trade", "space"]).exits(0);
    world.run(&["topics", "parent", "space", "moon landing"]).exits(2).says("can't stand under");
    world.run(&["topics", "parent", "space", "Everything"]).exits(0);
    world.run(&["topics", "--tree"]).exits(0);
    world.run(&["topics", "moon landing", "--limit", "1"]).exits(0).says("under Space › Everything");
    let tree = world.json(&["topics", "--tree", "--since", "2000-01-11"], 0);
    assert_eq!((&tree["topics"][0]["topic"], &tree["topics"][0]["groups"]), (&json!("everything"), &json!(3)));
    world.run(&["topics", "parent", "world trade", "--none"]).exits(0);
    world.run(&["topics", "drop", "moon landing"]).exits(0).says("is gone from 6 groups");
    world.run(&["topics", "moon landing"]).exits(2).says("was dropped");
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows("SELECT DISTINCT topic, label FROM story_topics"), ["world trade|World trade"]);
    let path = world.path("topics.csv").display().to_string();
    world.run(&["topics", "export", "-o", &path]).exits(0);
    world.run(&["topics", "export"]).exits(0);
    world.run(&["topics", "alias", "remove", "moon landing"]).exits(0);
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE topic = 'moon landing'"), 6);
    world.run(&["topics", "import", &path]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE topic = 'moon landing'"), 0);
    world.run(&["undo"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE topic = 'moon landing'"), 6);
    world.run(&["topics", "--max-groups", "5"]).exits(0);
    // Nothing of it has a group asked again.
    world.run(&["batch", "create"]).exits(0).says("nothing");
}

#[test]
fn what_was_left_out_is_counted_with_an_interval() {
    let world = world();
    world.run(&["audit", "misses", "--sample", "4"]).exits(0).says("8 open of 8 items");
    let path = world.path("misses.csv").display().to_string();
    world.run(&["audit", "misses", "--to", &path]).exits(0);
    world.run(&["audit", "misses", "--to", &path]).exits(2).says("is there already");
    let text = fs::read_to_string(&path).unwrap();
    // One name of the first group, nothing of the others, and one group that nobody can tell of.
    let filled: Vec<String> = text
        .lines()
        .map(|line| {
            let (item, rest) = line.split_once(',').unwrap();
            match item.parse::<u32>() {
                Ok(2) => format!("{item},Cape Kennedy; Florida{rest}"),
                Ok(7 | 8) => format!("{item},unsure{rest}"),
                Ok(_) => format!("{item},none{rest}"),
                Err(_) => line.to_owned(),
            }
        })
        .collect();
    let back = world.write("filled.csv", &filled.join("\n")).display().to_string();
    world.run(&["audit", "misses", "--from", &back]).exits(0);
    let found = world.json(&["audit", "misses"], 0);
    assert_eq!((&found["recall"]["names"]["found"], &found["recall"]["names"]["missed"]), (&json!(6), &json!(2)));
    assert_eq!(found["recall"]["topics"]["groups"], 3);
    world.write("wrong.csv", "item,missed\n99,x\n");
    world.run(&["audit", "misses", "--from", &world.path("wrong.csv").display().to_string()]).exits(2);
    world.run(&["undo"]).exits(0);
    world.run(&["audit", "misses"]).exits(0).says("8 open of 8 items");
}

#[test]
fn search_finds_words_names_and_topics_and_sees_what_changed() {
    let world = world();
    let ids = |args: &[&str]| -> Vec<String> {
        let found = world.json(&[&["search"], args].concat(), 0);
        found["groups"].as_array().unwrap().iter().map(|g| g["group_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(world.count("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'story_search%'"), 0);
    assert_eq!(ids(&["houston", "flew", "--limit", "3"]).len(), 3);
    // The name of the catalog stands in no story.
    assert_eq!(ids(&["\"moon landing\" NOT trade", "--since", "2000-01-11", "--entity", "NASA"]), ["g12", "g10"]);
    world.load_groups(&[json!({"id": "g2", "title": "Rewritten", "text": "Nothing but tulips."})]);
    assert_eq!(ids(&["tulip"]), ["g2"]);
    assert!(ids(&["story 2 houston"]).iter().all(|id| id != "g2"));
    // What looks like an operator is a word.
    world.run(&["search", "title:x AND NEAR(", "--limit", "1"]).exits(0);
    assert_eq!(ids(&["moon", "-trade", "--since", "2000-01-11"]), ["g12", "g10"]);
    assert_eq!(ids(&["(tulip OR trade) -engines"]), ["g2"]);
    let unknown = world.json(&["search", "tulpi", "qqqqqq"], 0);
    assert_eq!(
        unknown["unknown_words"],
        json!([{"word": "tulpi", "similar": ["tulips"]}, {"word": "qqqqqq", "similar": []}])
    );
    world.run(&["search", "tulpi moon", "--limit", "1"]).exits(0);
    // The words of a phrase may be misspelt or stand apart; what is left out may be unknown.
    world.run(&["search", "\"moon landnig\""]).exits(0).says("did you mean `landing`?");
    world.run(&["search", "\"landing moon\""]).exits(0).says("side by side");
    world.run(&["search", "\"landing moon\" houston", "--limit", "1"]).exits(0).says("these have some of them");
    world.run(&["search", "moon NOT tulpi -(qqqqqq)", "--limit", "1"]).exits(0);
    world.run(&["search", "moon", "--limit", "1", "--facets"]).exits(0);
    world.run(&["search"]).exits(2);
    // A name that is typed wrong is found, or said to be none.
    world.run(&["search", "moon", "--entity", "European Space Agencyy"]).exits(0);
    world.run(&["search", "moon", "--entity", "Nobody Known"]).exits(2);
}

#[test]
fn search_knows_scripts_without_blanks_other_letters_and_aliases() {
    let world = World::with_groups(1);
    world.load_groups(&[
        json!({"id": "lodz", "title": "Zug nach Łódź", "text": "Die Große Bahn fährt.", "created_at": "2024-03-01"}),
        json!({"id": "zh", "title": "月球基地", "text": "美国宇航局在月球上建立基地。", "section": "sci"}),
        json!({"id": "th", "title": "ไทย", "text": "นักบินอวกาศเดินทางไปดวงจันทร์"}),
        json!({"id": "km", "title": "ខ្មែរ", "text": "យានអវកាសចុះចតលើព្រះច័ន្ទ"}),
    ]);
    for words in ["lodz", "GROSSE bahn", "月球", "基地 宇航", "\"宇航局\"", "ดวงจันทร์", "ព្រះច័ន្ទ", "月曜"]
    {
        world.run(&["search", words]).exits(0);
    }
    // An alias that comes later is found where the entity is named.
    let world = self::world();
    world.run(&["search", "Lunar", "Bureau", "--limit", "1"]).exits(0).says("no group has `Lunar`");
    let nasa = json!({"id": "o1", "type": "organization", "name": "NASA", "aliases": ["Lunar Bureau"]});
    world.load_entities(&[nasa]);
    world.run(&["search", "Lunar", "Bureau", "--limit", "1", "--facets"]).exits(0).says("1 of 6 groups");
}

#[test]
fn near_copies_are_found_shown_and_counted_once() {
    let world = World::new();
    let wire = "The crew of three left the launch pad at dawn, circled the Earth twice and went on to the Moon, where it will \
                stay for eleven days. NASA said that all systems work as they should, and that the landing is for Sunday. ";
    let text = |more: &str| format!("{wire}{more}");
    let story = |text: String| json!([{"title": "A story", "text": text}]);
    world.load_groups(&[
        json!({"id": "first", "title": "Launch", "created_at": "2024-05-01", "stories": story(text("It is the third try."))}),
        json!({"id": "second", "title": "Launch!", "created_at": "2024-05-02", "stories": story(text("More on Monday."))}),
        json!({"id": "both", "title": "Launch and trade", "created_at": "2024-05-03", "stories":
            [{"text": text("")}, {"text": "Ada Lovelace sold engines to the European Space Agency on a trade fair in Rome."}]}),
        json!({"id": "other", "title": "Fair", "created_at": "2024-05-05",
            "text": "NASA was not at the fair, of which nobody knows anything but its name and its place by the sea."}),
    ]);
    world.load_entities(&catalog());
    world.run(&["batch", "create", "--wait"]).exits(0);
    // Nobody has looked for any yet.
    assert_eq!(world.json(&["show", "first"], 0)["near_copies"], json!(null));
    assert_eq!(world.json(&["entities", "--type", "organization"], 0)["entities"][0]["groups"], 4);
    let copies = world.json(&["copies"], 0);
    assert_eq!(
        (&copies["total"], &copies["stories"], &copies["groups_counted_once"]),
        (&json!(1), &json!(3), &json!(2))
    );
    world.run(&["copies"]).exits(0);
    world.run(&["copies", "--offset", "1", "--limit", "1"]).exits(0);
    world.run(&["show", "first", "--no-text"]).exits(0).says("Near copies");
    world.run(&["related", "first"]).exits(0).says("has nearly the same story").says("Thread of 3 groups");
    assert_eq!(world.json(&["entities", "--type", "organization", "--distinct"], 0)["entities"][0]["groups"], 2);
    for command in [&["topics"][..], &["trends"], &["search", "launch"], &["export", "groups", "--format", "csv"]] {
        world.run(&[command, &["--distinct"]].concat()).exits(0).says("2 groups left out");
    }
    world.run(&["search", "launch"]).exits(0).says("3 groups");
    // A story that changes is read anew.
    world.load_groups(&[
        json!({"id": "second", "title": "Launch!", "text": "Something else entirely, and in other words."}),
    ]);
    assert_eq!(world.json(&["copies"], 0)["stories"], 2);
    world.load_groups(&[json!({"id": "second", "title": "Launch!", "text": text("Once more.")})]);
    assert_eq!(world.json(&["copies"], 0)["stories"], 3);
}

#[test]
fn a_decision_links_everything_it_is_about_and_can_be_taken_back() {
    let world = world();
    let queue = world.json(&["unresolved"], 0);
    assert_eq!((&queue["unresolved"][0]["mention"], &queue["mentions"]), (&json!("Ada Lovelace"), &json!(12)));
    let new = ["unresolved", "new", "Ada Lovelace", "--id", "p1", "--type", "person"];
    assert_eq!(world.json(&new, 0)["linked"], 12);
    assert_eq!(world.json(&["unresolved"], 0)["mentions"], 0);
    world.run(&new).exits(0);
    // A decision is applied to what is imported later, too.
    world.run(&["rebuild"]).exits(0);
    let linked = "SELECT count(*) FROM story_entities_named WHERE entity_name = 'Ada Lovelace' AND method = 'decision'";
    assert_eq!(world.count(linked), 12);
    world.run(&["unresolved", "reject", "ada lovelace", "p1"]).exits(0);
    assert_eq!(world.count(linked), 0);
    world.run(&["unresolved", "undo", "Ada Lovelace"]).exits(0);
    world.run(&["unresolved", "undo", "Ada Lovelace"]).exits(2);
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions"), 0);
    world.run(&["unresolved", "accept", "Ada Lovelace", "nowhere:x"]).exits(2);
    world.run(&["unresolved", "walk"]).exits(2).says("a walk needs a terminal");
}

#[test]
fn the_queue_goes_through_a_spreadsheet_and_comes_back() {
    let world = world();
    let path = world.path("queue.csv").display().to_string();
    world.run(&["unresolved", "export", "-o", &path]).exits(0);
    let table = fs::read_to_string(&path).unwrap();
    assert!(table.contains("\nAda Lovelace,person,12,,"), "{table}");
    fs::write(&path, table.replace("person,12,,", "person,12,new person:p1,")).unwrap();
    world.run(&["unresolved", "import", &path]).exits(0).says("1 of 1 row decided").says("12 linked");
    // The same table a second time changes nothing, and history tells nothing of it.
    let before = world.content();
    let n_changes = world.count("SELECT count(*) FROM changes");
    world.run(&["unresolved", "import", &path]).exits(0).says("1 of 1 row decided; 1 decision was there already");
    assert_eq!((world.content(), world.count("SELECT count(*) FROM changes")), (before, n_changes));
    fs::write(&path, "mention;decision\nAda Lovelace;nobody we know\n").unwrap();
    world.run(&["unresolved", "import", &path]).exits(2).says("row 1");
    let path = world.path("queue.json").display().to_string();
    world.run(&["unresolved", "export", "-o", &path]).exits(0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "[]\n");
}

#[test]
fn a_number_in_a_spreadsheet_means_who_was_shown_there() {
    let world = world();
    let add = |name: &str, id: &str| {
        world.run(&["catalog", "add", name, "--type", "person", "--id", id]).exits(0);
    };
    add("Ada [of: London] Lovelace-King", "one: [1] x");
    let files = ["queue.csv", "queue.json"].map(|name| world.path(name).display().to_string());
    for file in &files {
        world.run(&["unresolved", "export", "-o", file]).exits(0);
        let table = fs::read_to_string(file).unwrap();
        let filled = table.replace("person,12,,", "person,12,1,").replace("\"decision\": \"\"", "\"decision\": \"1\"");
        assert!(table.contains("one: [1] x") && table != filled, "{table}");
        fs::write(file, filled).unwrap();
    }
    // Who fits better by now was not shown.
    add("Ada Lovelace", "two");
    for file in &files {
        world.run(&["unresolved", "import", file]).exits(0).says("1 of 1 row decided");
        let decided = world.rows("SELECT target_external_id FROM mention_decisions");
        assert_eq!(decided, ["one: [1] x"], "{file}");
    }
    world.run(&["catalog", "remove", "one: [1] x"]).exits(0);
    for file in &files {
        world.run(&["unresolved", "import", file]).exits(2).says("does not have any more").says("row 1");
    }
    let by_hand = world.write("hand.csv", "mention,entity_type,decision\nAda Lovelace,person,new İİİİİİ:İ\n");
    world.run(&["unresolved", "import", &by_hand.display().to_string()]).exits(0);
    assert_eq!(
        world.rows("SELECT target_type || target_external_id FROM mention_decisions WHERE target_type LIKE 'İ%'").len(),
        1
    );
}

#[test]
fn exports_are_whole_and_hostile_text_stays_text() {
    let world = world();
    world.load_groups(&[json!({"id": "evil", "title": "=HYPERLINK(\"x\")", "created_at": "2030-01-01",
        "text": "</script> NASA & 'Ada Lovelace'; DROP"})]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let csv = world.run(&["export", "links", "--format", "csv"]).exits(0).stdout;
    assert!(csv.contains("evil,\"'=HYPERLINK(\"\"x\"\")\""), "{csv}");
    assert_eq!(csv.lines().count(), 1 + world.count("SELECT count(*) FROM story_entities") as usize);
    let lines = world.run(&["export"]).exits(0).stdout;
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["group_id"], lines.lines().count()), (&json!("evil"), 13));
    let path = world.path("all.graphml").display().to_string();
    let other = world.path("links.xlsx").display().to_string();
    world.run(&["export", "links", "-o", "links.ods"]).exits(2).says("a file `.ods` is not written");
    assert!(!world.path("links.ods").exists());
    world.run(&["export", "-o", &other]).exits(0);
    // A workbook of somebody else stays.
    let workbook = fs::read(world.path("links.xlsx")).unwrap();
    fs::write(&other, b"PK\x03\x04 theirs").unwrap();
    world.run(&["export", "-o", &other]).exits(2).says("gleaner did not write it");
    fs::write(&other, workbook).unwrap();
    world.run(&["export", "links", "-o", &other]).exits(0);
    fs::remove_file(&other).unwrap();
    world.run(&["export", "links", "-o", &other, "--format", "csv"]).exits(0);
    world.run(&["export", "-o", &path]).exits(0);
    let graph = fs::read_to_string(&path).unwrap();
    assert_eq!((graph.matches("<node ").count(), graph.matches("</node>").count()), (17, 17));
    assert!(graph.contains("=HYPERLINK(&quot;x&quot;)") && graph.trim_end().ends_with("</graphml>"));
    let cypher = world.run(&["export", "--format", "cypher"]).exits(0).stdout;
    assert!(cypher.contains("MERGE (a)-[r:NAMES {mention: row.mention}]->(b)"), "{cypher}");
    let pairs = world.run(&["export", "cooccurrence", "--format", "csv", "--min-groups", "99"]).exits(0).stdout;
    assert_eq!(pairs.lines().count(), 1);
}

#[test]
fn the_report_is_one_inert_file() {
    let world = world();
    world.load_groups(&[json!({"id": "evil", "title": "<script>alert(1)</script>", "created_at": "2030-01-01", "text": "</script><img src=x onerror=alert(2)> NASA",
        "url": "javascript:alert(3)"})]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let path = world.path("report.html").display().to_string();
    world.run(&["report", "-o", &path, "--with-text", "--title", "<b>Mine</b>"]).exits(0).says("wrote 13 groups");
    let page = fs::read_to_string(&path).unwrap();
    assert_eq!(page.matches("<script").count(), 2, "the data and the program, nothing else");
    assert!(!page.contains("<img") && !page.contains("<b>Mine"));
    assert!(page.contains("&lt;b&gt;Mine&lt;&#x2f;b&gt;") || page.contains("&lt;b&gt;Mine&lt;/b&gt;"));
    for outside in ["src=\"http", "href=\"http", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    // What the script reads is JSON, and has every group.
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(
        (data["groups"].as_array().unwrap().len(), &data["groups"][0][1]),
        (13, &json!("<script>alert(1)</script>"))
    );
}

#[test]
fn a_report_of_a_selection_counts_the_selection() {
    let world = world();
    world.load_groups(&[json!({"id": "later", "created_at": "2031-05-06", "title": "Later",
        "stories": [{"title": "A source", "text": "NASA flew to the moon.", "url": "https://example.org/a?b=1&c=2",
            "published_at": "2031-05-06"}]})]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let path = world.path("report.html").display().to_string();
    world.run(&["report", "-o", &path, "--since", "2031"]).exits(0).says("wrote 1 group");
    let page = fs::read_to_string(&path).unwrap();
    assert!(page.contains("only groups since 2031"));
    for [label, n, note] in [
        ["Groups", "1", "1 story"],
        ["Covered", "100 %", "topics of 1, entities of 1 groups"],
        ["Cost", "$0", "a rehearsal: 2 answers of a sandbox"],
    ] {
        let tile = format!("<h2>{label}</h2><p class=\"n\">{n}</p><p class=\"note\">{note}</p>");
        assert!(page.contains(&tile), "{tile}");
    }
    let data = page.split_once("id=\"data\">").unwrap().1.split_once("</script>").unwrap().0;
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["groups"][0][5], json!([["A source", "https://example.org/a?b=1&c=2", "2031-05-06"]]));
    // Without the texts the sentences of the mentions are there, each with the story it is from.
    assert_eq!(data["groups"][0][4][0][6], json!(["", "NASA", " flew to the moon.", 0]));
}

#[test]
fn the_course_of_time_and_what_rises_are_shown() {
    let world = World::new();
    let story = |id: &str, date: &str, text: &str| json!({"id": id, "title": id, "created_at": date, "text": text});
    world.load_groups(&[
        story("a", "2023-11-30", "NASA flew to the moon."),
        story("b", "2024-01", "Sally Ride flew to the moon."),
        story("c", "2024-04-02", "NASA looked at Mars."),
        story("d", "2024-04-10", "Sally Ride went along with NASA. Nobody knows why."),
        story("e", "2024-04-20", "Sally Ride came back with NASA, tired and glad."),
        story("f", "2024-05-01", "Sally Ride went with NASA once more."),
        json!({"id": "g", "text": "Sally Ride has no date with NASA."}),
    ]);
    world.load_entities(&[
        json!({"id": "nasa", "type": "agency", "name": "NASA"}),
        json!({"id": "ride", "type": "person", "name": "Sally Ride"}),
    ]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    // The sandbox finds one name in such a text; a second one, as another program would write it.
    world
        .sql()
        .execute_batch(
            "INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, mention_key, entity_id, outcome,
                 method, score, confidence, is_primary, rank, sandbox, prompt_id, extracted_at)
             SELECT se.story_group_id, 2, 'person', 'Sally Ride', 'sally ride', e.id, 'linked', 'exact', 0.985, 0.8, 0, 2,
                 se.sandbox, se.prompt_id, se.extracted_at
             FROM story_entities se JOIN story_groups g ON g.id = se.story_group_id
             JOIN entities e ON e.external_id = 'ride' WHERE g.external_id IN ('d', 'e', 'f')",
        )
        .unwrap();
    for args in [
        &["entities", "--by", "quarter"][..],
        &["entities", "Sally Ride", "--by", "month"],
        &["entities", "NASA", "--by", "year", "--since", "2024"],
        &["topics", "--by", "month"],
        &["trends", "--window", "1m"],
        &["trends", "--window", "10y"],
        &["trends", "--window", "1m", "--until", "1990"],
    ] {
        world.run(args).exits(0);
    }
    world.run(&["trends", "--window", "soon"]).exits(2);
    let found = world.json(&["trends", "--window", "1m"], 0);
    let pair = found["trends"].as_array().unwrap().iter().find(|trend| trend["kind"] == "pair").unwrap();
    assert_eq!((&pair["now"], &pair["before"], &pair["is_new"]), (&json!(3), &json!(0), &json!(true)));
    assert_eq!(pair["groups"][0]["group_id"], "f");
    let counts = &world.json(&["entities", "Sally Ride", "--by", "week"], 0)["entities"][0]["counts"];
    assert_eq!(counts[0], json!({"period": "2024-W15", "groups": 1}));
}

#[test]
fn an_audit_is_drawn_judged_resumed_and_printed_with_its_interval() {
    let world = world();
    let path = world.path("audit.csv").display().to_string();
    world.run(&["audit", "--sample", "8"]).exits(0).says("a sample of 8 items is drawn and waits");
    world.run(&["audit", "--to", &path]).exits(0).says("wrote 8 items");
    let table = fs::read_to_string(&path).unwrap();
    let mut n = 0;
    let judged: Vec<String> = table
        .lines()
        .map(|line| {
            n += 1;
            let verdict = if n == 2 { ",wrong," } else { ",right," };
            if n == 1 || n > 7 { line.to_owned() } else { line.replacen(",,", verdict, 1) }
        })
        .collect();
    fs::write(&path, judged.join("\n")).unwrap();
    // Verdicts that were not read yet are nobody's to write over; those that were may be.
    world.run(&["audit", "--to", &path]).exits(2).says("has 6 verdicts filled in");
    assert_eq!(fs::read_to_string(&path).unwrap(), judged.join("\n"));
    let ran = world.run(&["audit", "--from", &path]).exits(0);
    world.run(&["audit", "--to", &path]).exits(0);
    ran.says("6 verdicts").says("precision of links: 83.3 %").says("43.6 to 97.0 %").says("6 judged, 0 unsure, 2 open");
    // The correction is a decision: that mention is not that entity any more.
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions WHERE verdict = 'not'"), 1);
    let found = world.json(&["audit"], 0);
    assert_eq!((&found["findings"]["open"], &found["items"]), (&json!(2), &json!(8)));
    let items =
        "SELECT i.ordinal, g.external_id, i.item FROM audit_items i JOIN story_groups g ON g.id = i.story_group_id
                 WHERE i.audit_id = (SELECT max(id) FROM audits) ORDER BY 1";
    world.run(&["audit", "topics", "--sample", "5", "--seed", "7"]).exits(0);
    let first = world.rows(items);
    world.run(&["audit", "topics", "--sample", "5", "--seed", "7", "--new"]).exits(0);
    assert_eq!(world.rows(items), first);
    // Of topics with one rank each is drawn, and none twice.
    world
        .sql()
        .execute_batch(
            "INSERT INTO story_topics SELECT story_group_id, 'a second one', 'A second one', NULL, confidence, rank, sandbox,
                 prompt_id, batch_id, extracted_at FROM story_topics",
        )
        .unwrap();
    let all = world.count("SELECT count(*) FROM story_topics");
    world.run(&["audit", "topics", "--sample", "1000", "--new"]).exits(0);
    let distinct = "SELECT count(DISTINCT story_group_id || i.item) FROM audit_items i
                    WHERE i.audit_id = (SELECT max(id) FROM audits)";
    assert_eq!(world.count(distinct), all);
    world.run(&["report", "-o", &world.path("r.html").display().to_string()]).exits(0);
    assert!(
        fs::read_to_string(world.path("r.html")).unwrap().contains("A person judged 6 links drawn at random: 83.3 %")
    );
}

#[test]
fn the_questions_of_the_documentation_have_answers() {
    let world = world();
    world.load_entities(&catalog());
    world.run(&["rebuild"]).exits(0);
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let questions: Vec<&str> = readme.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(questions.len(), 5);
    let connection = world.sql();
    for question in questions {
        // The least certain links: every link of this small world is exact.
        let question = question.replace("('decision', 'exact')", "('decision')");
        // Two of the demo's catalog.
        let question = question.replace("European Space Agency", "Ada Lovelace");
        let question = question.replace("National Aeronautics and Space Administration", "NASA");
        assert!(!rows(&connection, question.trim_end().trim_end_matches(';')).is_empty(), "{question}");
    }
    let views = world.rows("SELECT name FROM sqlite_schema WHERE type = 'view'");
    assert_eq!(views.len(), 7);
    for view in views {
        assert!(page.contains(&format!("`{view}`")));
        rows(&connection, &format!("SELECT * FROM {view}"));
    }
}

#[test]
fn a_list_is_sorted_and_shown_in_pages() {
    let world = world();
    for args in [
        &["topics", "--sort", "name"][..],
        &["topics", "--entity", "NASA"],
        &["topics", "--entity", "NASA", "--by", "year"],
        &["topics", "trade", "--sort", "date", "--reverse", "--limit", "2", "--offset", "1"],
        &["topics", "trade", "--entity", "NASA", "--limit", "all"],
        &["entities", "--topic", "trade", "--sort", "name", "--reverse"],
        &["entities", "NASA", "--limit", "2", "--offset", "3"],
        &["entities", "NASA", "--topic", "moon landing", "--limit", "1"],
        &["search", "moon", "--sort", "date", "--limit", "1", "--offset", "1"],
        &["related", "g2", "--sort", "id", "--limit", "3"],
        &["related", "g2", "--offset", "2", "--limit", "1"],
        &["unresolved", "--sort", "name", "--limit", "all"],
        &["catalog", "list", "--sort", "count", "--limit", "1"],
        &["history", "--reverse", "--limit", "1"],
        &["batch", "list", "--offline", "--limit", "all", "--offset", "9"],
        &["trends", "--window", "5d", "--sort", "name", "--limit", "1", "--min-groups", "1"],
    ] {
        world.run(args).exits(0);
    }
    for args in [
        &["topics", "--sort", "type"][..],
        &["topics", "--sort", "foo"],
        &["history", "--sort", "name"],
        &["catalog", "dedupe", "--sort", "count"],
        &["catalog", "propose", "--sort", "score"],
        &["topics", "dedupe", "--sort", "type"],
        &["topics", "--limit", "-1"],
        &["topics", "--limit", "many"],
        &["batch", "create", "--limit", "-1"],
        &["batch", "create", "--limit", "all"],
        &["topics", "--entity", "Nobody at all"],
    ] {
        world.run(args).exits(2);
    }
    // The groups that are asked for are counted, beside all.
    for args in [
        &["topics", "trade", "--entity", "NASA", "--json"][..],
        &["topics", "moon landing", "--since", "2000-01-05", "--limit", "2"],
        &["entities", "NASA", "--topic", "moon landing", "--until", "2000-01-05"],
    ] {
        world.run(args).exits(0);
    }
    assert_eq!(world.json(&["topics", "moon landing", "--since", "2000-01-05"], 0)["total"], 5);
    assert_eq!(world.json(&["entities", "NASA", "--until", "2000-01-05"], 0)["entities"][0]["total"], 2);
    let all = world.json(&["topics", "--limit", "all"], 0);
    assert_eq!(all["topics"].as_array().map(Vec::len), Some(2));
}

#[test]
fn rows_that_a_spreadsheet_damaged_are_refused_one_by_one() {
    let world = World::with_groups(2);
    world.load_groups(&[json!({"id": "g3", "text": "Jürgen Müller met Žofia Nováková."})]);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    world.sql().execute("UPDATE story_entities SET mention_text = 'Jürgen Müller', entity_id = NULL, outcome = 'unknown', method = 'none'", []).unwrap();
    world.run(&["unresolved", "export", "-o", "q.csv"]).exits(0);
    let table = fs::read_to_string(world.path("q.csv")).unwrap();
    assert!(table.starts_with("\u{feff}mention,"), "a spreadsheet takes it for UTF-8");
    let heads = table.lines().next().unwrap();
    let n = heads.split(',').count();
    let row = |mention: &str, n: usize| format!("{mention},person,1,none{}", ",".repeat(n - 4));
    world.write(
        "bad.csv",
        &[
            heads,
            &row("JÃ¼rgen MÃ¼ller", n),
            &row("Jürgen Müller", n - 1),
            &row("J\u{fffd}rgen", n),
            &row("Somebody", n),
        ]
        .join("\n"),
    );
    world.run(&["unresolved", "import", "bad.csv"]).exits(2).says("4 rows are refused; nothing was decided");
    // With semicolons it is a table all the same; without a column of candidates a number names nobody.
    world.write("lost.csv", "mention;entity_type;mentions;decision;candidate_1\nJürgen Müller;person;1;2;\n");
    world.run(&["unresolved", "import", "lost.csv"]).exits(2).says("the column `candidate_2` is gone");
    world.write("good.csv", &format!("{heads}\n{}\n", row("Jürgen Müller", n)).replace(',', ";"));
    world.run(&["unresolved", "import", "good.csv"]).exits(0);

    world.run(&["audit", "topics", "--to", "a.csv"]).exits(0);
    let table = fs::read_to_string(world.path("a.csv")).unwrap();
    assert!(table.starts_with("\u{feff}item,"));
    let changed = table.replacen(",,moon landing,", ",right,Mond,", 1).replacen(",,trade,", ",maybe,trade,", 1);
    assert_ne!(changed, table);
    world.write("a.csv", &changed);
    world.run(&["audit", "topics", "--from", "a.csv"]).exits(2).says("2 rows are refused; nothing was decided");
}

#[test]
fn a_closed_pipe_is_no_error_in_any_format() {
    let world = world();
    for what in ["groups", "topics", "entities", "links", "cooccurrence", "catalog"] {
        for format in ["jsonl", "csv", "graphml", "gexf", "cypher", "neo4j"] {
            if what == "catalog" && !matches!(format, "jsonl" | "csv") {
                continue;
            }
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let ended = world.command(&["export", what, "--format", format]).stdout(writer).output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            let expected = match what {
                "catalog" => "",
                _ => "a rehearsal: a sandbox gave these answers, and no model\n",
            };
            assert_eq!((ended.status.code(), said.as_str()), (Some(0), expected), "{what} {format}");
        }
    }
}

#[test]
fn a_dash_is_stdout_and_never_a_file() {
    let world = world();
    for args in [&["export", "-o", "-"][..], &["export", "catalog", "-o", "-"], &["unresolved", "export", "-o", "-"]] {
        let plain = world.run(&args[..args.len() - 2]).exits(0);
        assert_eq!(world.run(args).exits(0).stdout, plain.stdout, "{args:?}");
    }
    for args in [&["report", "-o", "-"][..], &["audit", "--to", "-"]] {
        world.run(args).exits(2).says("not to stdout");
    }
    assert!(!world.path("-").exists());
    let written = world.json(&["unresolved", "export", "-o", "queue.csv"], 0);
    assert_eq!(written, json!({"file": "queue.csv", "rows": 1}));
    assert_eq!(world.json(&["export", "topics", "-o", "topics.csv"], 0)["file"], "topics.csv");
}

#[test]
fn a_file_that_gleaner_did_not_write_is_not_replaced() {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    let path = |name: &str| world.path(name).display().to_string();
    for (args, name) in [
        (&["export", "groups", "-o"][..], "g.jsonl"),
        (&["export", "links", "-o"], "l.csv"),
        (&["export", "-o"], "g.graphml"),
        (&["report", "-o"], "r.html"),
        (&["unresolved", "export", "-o"], "q.csv"),
    ] {
        let file = path(name);
        let args = [args, &[file.as_str()]].concat();
        for theirs in ["Notes about the story\n", "<!doctype html>\n<title>mine</title>\n", "{\"mine\":1}\n"] {
            std::fs::write(&file, theirs).unwrap();
            world.run(&args).exits(2).says("is there already, and gleaner did not write it");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
        }
        std::fs::remove_file(&file).unwrap();
        world.run(&args).exits(0);
        let first = std::fs::read(&file).unwrap();
        world.run(&args).exits(0);
        assert_eq!(std::fs::read(&file).unwrap(), first, "an earlier one is replaced");
    }
    // Decisions that somebody filled in are nobody's to write over.
    let table = "mention,entity_type,decision\nNASA,organization,none\n";
    std::fs::write(world.path("q.csv"), table).unwrap();
    world.run(&["unresolved", "export", "-o", &path("q.csv")]).exits(2).says("has 1 decision filled in");
    assert_eq!(std::fs::read_to_string(world.path("q.csv")).unwrap(), table);
}

#[test]
fn a_selection_that_no_group_fits_is_said() {
    let world = World::with_groups(3);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let topic = world.json(&["topics"], 0)["topics"][0]["topic"].as_str().unwrap().to_owned();
    for args in [
        &["topics"][..],
        &["topics", &topic],
        &["entities"],
        &["entities", "NASA"],
        &["trends"],
        &["search", "moon"],
        &["export"],
        &["export", "links", "-o", "links.csv"],
        &["report"],
        &["batch", "create", "--dry-run"],
        &["extract", "--dry-run"],
    ] {
        world.run(&[args, &["--since", "2090"]].concat()).exits(0);
    }
    // Of the time there are some.
    world.run(&["topics", "--until", "2090"]).exits(0);
}

#[test]
fn a_slip_in_an_id_or_a_command_is_told() {
    let world = World::new();
    let groups: Vec<_> =
        ["A1", "B-01", "2024-moon", "2024-mars"].iter().map(|id| json!({"id": id, "text": "One."})).collect();
    world.load_groups(&groups);
    for id in ["a1", "A01", "b-1", "2024-Moon", "2024-moom", "2042-mars", "X9"] {
        world.run(&["show", id]).exits(2);
    }
    for args in [
        &["topics", "mrege"][..],
        &["topics", "mrege", "a", "into", "b"],
        &["topics", "moon", "landing"],
        &["entities", "Sally", "Ride"],
        &["show", "a", "b"],
        &["catalog", "show", "Sally", "Ride"],
    ] {
        world.run(args).exits(2);
    }
}
