//! Decisions that hold everywhere at once and outlive the catalog, a catalog made of the stories' own names, and changes of
//! single entities with all that hangs on them.

use std::fs;

use serde_json::{Value, json};

use crate::harness::World;
use crate::walks::walk;

/// A mention of a story: type, text, and hints in one object.
type Mention<'a> = (&'static str, &'a str, Value);

/// Groups `g1`, `g2`, … whose answers name these mentions, asked and imported.
fn world(groups: &[&[Mention<'_>]], catalog: &[Value]) -> World {
    let world = World::new();
    let id = |n: usize| format!("g{}", n + 1);
    let group = |n: usize| json!({"id": id(n), "title": format!("Title {n}"), "text": "A story."});
    world.load_groups(&(0..groups.len()).map(group).collect::<Vec<_>>());
    if !catalog.is_empty() {
        world.load_entities(catalog);
    }
    let answer = |(n, mentions): (usize, &&[Mention<'_>])| {
        let entity = |(rank, (kind, text, hints)): (usize, &Mention<'_>)| {
            let mut entity = json!({"type": kind, "mention": text, "is_primary": rank == 0, "confidence": 0.9,
                "rank": rank + 1, "affiliation": null, "country": null});
            for (name, value) in hints.as_object().expect("hints are an object") {
                entity[name] = value.clone();
            }
            entity
        };
        let entities: Vec<Value> = mentions.iter().enumerate().map(entity).collect();
        json!({"custom_id": format!("entity_{}", id(n)), "output_text": {"entities": entities}})
    };
    world.script(&json!({"answers": groups.iter().enumerate().map(answer).collect::<Vec<_>>()}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

fn person(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "person", "name": name})
}

/// Every mention with what it is linked to and how.
const LINKS: &str =
    "SELECT group_id, mention_text, coalesce(entity_id, '-'), method FROM story_entities_named ORDER BY 1, ordinal";

fn none() -> Value {
    json!({})
}

#[test]
fn who_decides_for_all_of_a_name_is_told_the_way_back_and_may_leave_links_as_they_are() {
    let jordan = |text| [("person", text, none())];
    let world = world(
        &[&jordan("Jordan"), &jordan("JORDAN"), &jordan("Air J"), &jordan("AIR J")],
        &[person("mj", "Michael Jordan"), person("vj", "Vernon Xavier")],
    );
    let links = || world.rows(&LINKS.replace(" ORDER", " WHERE entity_id IS NOT NULL ORDER"));
    let before = links();
    assert_eq!(before, ["g1|Jordan|mj|fuzzy", "g2|JORDAN|mj|fuzzy"]);
    let only = world.run(&["unresolved", "accept", "Jordan", "vj", "--only-unlinked"]).exits(0);
    only.says_not("gleaner undo");
    assert_eq!(links(), before);
    world
        .run(&["unresolved", "accept", "Jordan", "vj"])
        .exits(0)
        .says("`gleaner undo` takes it back; `--only-unlinked`");
    assert_eq!(links(), ["g1|Jordan|vj|decision", "g2|JORDAN|vj|decision"]);
    world.run(&["undo"]).exits(0);
    world.run(&["undo"]).exits(0);
    world.write("hand.csv", "mention,decision\nJordan,vj\n");
    world.run(&["unresolved", "import", "hand.csv", "--only-unlinked"]).exits(0).says_not("gleaner undo");
    assert_eq!(links(), before);
    world.run(&["undo"]).exits(0);
    world.run(&["unresolved", "import", "hand.csv"]).exits(0).says("`gleaner undo` takes it back; `--only-unlinked`");
    world.run(&["undo"]).exits(0);
    // A walk does not ask again about what another spelling has settled.
    let asked = "[1-9/n/o/c/l/h/e/s/u/q/?] ";
    let (shown, code) = walk(&world, &["unresolved", "walk"], &[(asked, "n")]);
    assert!(code == Some(0) && shown.ends_with("1 decision saved\n"), "{shown}");
}

#[test]
fn an_id_that_begins_with_its_type_is_shown_once_and_understood() {
    let vehicle = json!({"id": "vehicle:challenger", "type": "vehicle", "name": "Challenger"});
    let world = world(&[&[("person", "Challenger", none())]], &[vehicle]);
    for args in [&["catalog", "list"][..], &["unresolved"], &["catalog", "show", "vehicle:challenger"]] {
        world.run(args).exits(0).says("vehicle:challenger").says_not("vehicle:vehicle");
    }
    for id in ["vehicle:challenger", "vehicle:vehicle:challenger"] {
        world.run(&["unresolved", "accept", "Challenger", id]).exits(0).says_not("vehicle:vehicle:challenger (");
        world.run(&["unresolved", "decisions"]).exits(0).says("is vehicle:challenger (Challenger)");
        world.run(&["undo"]).exits(0).says("`Challenger` is vehicle:challenger");
    }
}

#[test]
fn a_name_written_almost_so_is_that_of_all_namesakes() {
    let world = world(
        &[
            &[("person", "Michael Müller", json!({"country": "DE"}))],
            &[("person", "Michael Müller", json!({"country": "CH"}))],
        ],
        &[person("m1", "Michael Müller"), person("m2", "Michael Müller"), person("m3", "Anna Kim")],
    );
    let ran = world.run(&["entities", "Michael Mueller"]).exits(0);
    ran.says("these are `Michael Müller`").says("person m1").says("person m2").says_not("Kim");
    // Nor does the report show one name for two.
    for (id, country) in [("m1", "country=DE"), ("m2", "country=CH")] {
        world.run(&["unresolved", "accept", "Michael Müller", id, "--hint", country]).exits(0);
    }
    world.run(&["report", "-o", "report.html"]).exits(0);
    let page = fs::read_to_string(world.path("report.html")).unwrap();
    assert!(["m1", "m2"].iter().all(|id| page.contains(&format!("</i>Michael Müller ({id})</span>"))));
}

#[test]
fn a_decision_holds_at_once_also_where_something_else_was_linked_or_rejected() {
    let world = world(
        &[&[("person", "Jordan", none())], &[("person", "JORDAN", none())], &[("place", "Jordan", none())]],
        &[person("mj", "Michael Jordan"), json!({"id": "jo", "type": "country", "name": "Jordan"})],
    );
    assert_eq!(world.rows(LINKS), ["g1|Jordan|mj|fuzzy", "g2|JORDAN|mj|fuzzy", "g3|Jordan|jo|exact"]);
    world.run(&["catalog", "add", "Vernon Jordan", "--type", "person", "--id", "vj"]).exits(0);
    // Linked to another one before.
    let moved = world.json(&["unresolved", "accept", "jordan", "vj", "--type", "person", "-v"], 0);
    assert_eq!((&moved["moved"], &moved["changed"], &moved["mentions"]), (&json!(2), &json!(2), &json!(3)));
    assert_eq!(moved["changes"][0]["before"]["entity_id"], "mj");
    assert_eq!(world.rows(LINKS), ["g1|Jordan|vj|decision", "g2|JORDAN|vj|decision", "g3|Jordan|jo|exact"]);
    // Rejected before.
    let ran = world.run(&["unresolved", "reject", "Jordan", "--type", "person"]).exits(0);
    ran.says("no longer holds: `jordan` (person) is person:vj").says("2 unlinked");
    world.run(&["unresolved", "accept", "Jordan", "Michael Jordan", "--type", "person"]).exits(0).says("2 linked");
    let settled = world.content();
    for _ in 0..2 {
        assert_eq!(world.json(&["resolve", "--all"], 0)["changed"], 0);
        assert_eq!(world.content(), settled);
    }
    world.run(&["unresolved", "undo", "Jordan", "--type", "place"]).exits(2).says("nothing was decided");
    world.run(&["unresolved", "undo", "Jordan", "--type", "person"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions"), 0);
}

#[test]
fn a_decision_has_a_scope_and_the_narrower_counts() {
    let hint = |country: &str| json!({"country": country});
    let world = world(
        &[
            &[("person", "Kim", hint("South Korea"))],
            &[("person", "Kim", hint("US"))],
            &[("person", "Kim", none())],
            &[("organization", "Kim", none())],
        ],
        &[person("k1", "Kim Dae-jung"), person("k2", "Kim Kardashian"), person("k3", "Andy Kim")],
    );
    // In this order: what is said last does not count before what is said more narrowly.
    world.run(&["catalog", "alias", "add", "k1", "Kim", "--hint", "Country=South Korea"]).exits(0);
    world.run(&["unresolved", "accept", "kim", "k2", "--hint", "country=US", "--type", "person"]).exits(0);
    world.run(&["unresolved", "accept", "Kim", "k3", "--type", "person"]).exits(0);
    world.run(&["unresolved", "reject", "Kim", "--type", "organization"]).exits(0);
    let links = ["g1|Kim|k1|decision", "g2|Kim|k2|decision", "g3|Kim|k3|decision", "g4|Kim|-|decision"];
    assert_eq!(world.rows(LINKS), links);
    world.run(&["resolve", "--all"]).exits(0);
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows(LINKS), links);
    world.run(&["unresolved", "accept", "Kim", "k1", "--hint", "US"]).exits(2).says("a hint is NAME=VALUE");
    world.run(&["unresolved", "accept", "Kim", "k1", "--type", "persn"]).exits(0).says("at odds");
    let ran = world.run(&["unresolved", "accept", "Lee", "k1", "--type", "persn"]).exits(0);
    ran.says("no mention is called so yet").says("no mention is of the type `persn`").says("`organization`");
}

#[test]
fn decisions_at_odds_and_asleep_are_listed() {
    let world = world(
        &[&[("person", "KC", none())]],
        &[
            person("a", "Kim Collins"),
            person("b", "Kyle Cook"),
            json!({"id": "c", "type": "team", "name": "Chiefs", "aliases": ["KC"]}),
        ],
    );
    let ran = world.run(&["catalog", "alias", "add", "a", "KC"]).exits(0);
    ran.says("in the catalog it is also a name of `team:c`");
    world.run(&["unresolved", "accept", "KC", "b", "--type", "person"]).exits(0);
    let listed = world.json(&["unresolved", "decisions"], 0);
    // The second is an exception of the first, and counts as one.
    assert_eq!(listed["decisions"][0]["conflicts"], json!([]));
    world.run(&["unresolved", "accept", "KC", "a", "--hint", "country=US"]).exits(0).says("at odds with decision 2");
    world.run(&["catalog", "remove", "b"]).exits(0).says("1 decision will hold again when it is back");
    let listed = world.json(&["unresolved", "decisions", "--conflicts"], 0);
    assert_eq!((&listed["total"], &listed["odd"]), (&json!(3), &json!(3)));
    assert_eq!(listed["decisions"][1]["is_dangling"], true);
    world.run(&["unresolved", "decisions", "kc"]).exits(0).says("dangling").says("3 of 3 decisions");
    world.run(&["unresolved", "decisions", "other"]).exits(0).says("0 of 3 decisions");
    world.load_entities(&[person("b", "Kyle Cook")]);
    world.run(&["resolve", "--all"]).exits(0).says("at odds").says("unresolved decisions --conflicts");
    assert_eq!(world.rows(LINKS), ["g1|KC|b|decision"]);
}

#[test]
fn decisions_survive_a_reload_and_travel_with_the_catalog() {
    let groups: &[&[Mention]] = &[
        &[("person", "The Boss", none()), ("person", "Jones", json!({"country": "UK"}))],
        &[("person", "Jones", none()), ("organization", "Acme", none()), ("person", "Nobody", none())],
    ];
    let catalog = [
        person("s", "Bruce Springsteen"),
        person("j1", "Tom Jones"),
        person("j2", "Grace Jones"),
        json!({"id": "=x", "type": "person", "name": "=SUM(A1)", "aliases": ["@handle"], "attributes": {"country": "-1"}}),
    ];
    let world = world(groups, &catalog);
    world.run(&["unresolved", "accept", "The Boss", "s"]).exits(0);
    world.run(&["unresolved", "accept", "Jones", "j1", "--type", "person", "--hint", "country=UK"]).exits(0);
    world.run(&["unresolved", "reject", "Jones", "j1"]).exits(0);
    world.run(&["unresolved", "reject", "Nobody"]).exits(0);
    world
        .run(&["unresolved", "new", "Acme", "--id", "ac", "--type", "company", "--mention-type", "organization"])
        .exits(0);
    let links = world.rows(LINKS);
    assert_eq!(links[0], "g1|The Boss|s|decision");
    assert_eq!(links[1], "g1|Jones|j1|decision");
    assert_eq!(links[3], "g2|Acme|ac|decision");

    // Replaced by a catalog without Acme and the Boss, and by one with them again.
    let path = world.path("catalog.jsonl").display().to_string();
    world.run(&["export", "catalog", "-o", &path]).exits(0).says("wrote 10 rows");
    let whole = fs::read_to_string(&path).unwrap();
    let small = world.write_lines("small.jsonl", &catalog[1..]);
    world
        .run(&["load", "entities", "--replace", &small.display().to_string()])
        .exits(0)
        .says("2 removed")
        .says("2 decisions name an entity that is not in the catalog");
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions"), 5);
    world.run(&["resolve", "--all"]).exits(0);
    assert_eq!(world.rows(LINKS)[0], "g1|The Boss|-|none");
    world.run(&["load", "entities", "--replace", &path]).exits(0).says("2 new").says("5 decisions, 0 new");
    world.run(&["resolve", "--all"]).exits(0).says("2 linked");
    assert_eq!(world.rows(LINKS), links);

    // Into a fresh database, by either form.
    for form in ["all.jsonl", "all.csv"] {
        let path = world.path(form).display().to_string();
        world.run(&["export", "catalog", "-o", &path]).exits(0);
        let fresh = self::world(groups, &[]);
        fresh
            .run(&["load", "entities", "--dry-run", &path])
            .exits(0)
            .says("5 entities: 5 new")
            .says("5 decisions, 5 new");
        assert_eq!(fresh.count("SELECT count(*) FROM mention_decisions"), 0);
        let ran = fresh.run(&["load", "entities", &path]).exits(0);
        ran.says("5 entities: 5 new").says("5 decisions, 5 new").says("resolve --all").says_not("ignored");
        fresh.run(&["resolve", "--all"]).exits(0);
        assert_eq!(fresh.rows(LINKS), links, "{form}");
        let again = fresh.path("again.jsonl").display().to_string();
        fresh.run(&["export", "catalog", "-o", &again]).exits(0);
        assert_eq!(fs::read_to_string(&again).unwrap().lines().count(), whole.lines().count());
        assert_eq!(fs::read_to_string(&again).unwrap(), fs::read_to_string(world.path("all.jsonl")).unwrap(), "{form}");
    }
    let table = fs::read_to_string(world.path("all.csv")).unwrap();
    assert!(table.contains(",'=SUM(A1),'@handle,'-1,"), "{table}");
    let bad = world.write_lines(
        "bad.jsonl",
        &[
            json!({"decision": "maybe", "mention": "x"}),
            json!({"decision": "is", "mention": "x"}),
            json!({"mention": "x"}),
        ],
    );
    let ran = world.run(&["load", "entities", &bad.display().to_string()]).exits(1);
    ran.says("`decision` is `maybe`").says("`target_type` is missing").says("`id` is missing");
    world.run(&["export", "catalog", "--format", "cypher"]).exits(2);
    world.run(&["export", "catalog", "--since", "2020-01-01"]).exits(2);
}

#[test]
fn linking_anew_says_what_changed_and_can_be_tried() {
    let world = world(&[&[("person", "Sally Ride", none())], &[("person", "Ride", none())]], &[]);
    let hint = "the catalog is empty";
    world.run(&["resolve", "--all"]).exits(0).says("0 mentions changed in 2 groups").says(hint);
    world.load_entities(&[person("r", "Sally Ride")]);
    let before = world.content();
    let tried = world.json(&["resolve", "--all", "--dry-run"], 0);
    assert_eq!((&tried["linked"], &tried["dry_run"]), (&json!(2), &json!(true)));
    assert_eq!(world.content(), before);
    let ran = world.run(&["resolve", "--all", "-v"]).exits(0);
    ran.says("`Ride` person: nothing -> Sally Ride (person:r)")
        .says("2 mentions changed in 2 groups looked at: 2 linked");
    let again = world.json(&["resolve", "--all", "-v"], 0);
    assert_eq!((&again["changed"], &again["changes"]), (&json!(0), &json!([])));
}

#[test]
fn stories_alone_end_as_a_linked_collection() {
    let one = ("organization", "Acme Inc.", none());
    let world = world(
        &[
            &[("person", "Sally Ride", none()), one.clone(), ("place", "Houston", none())],
            &[("person", "Ride", none()), ("organization", "ACME", none())],
            &[
                ("person", "SALLY RIDE", none()),
                ("organization", "Acme", none()),
                ("person", "\u{1b}[31mEvil\u{7}", none()),
            ],
            &[("person", "John Smith", none()), ("person", "Smith", none()), ("place", "=cmd|x", none())],
            &[("person", "Jane Smith", none()), ("place", "Ride", none()), one],
        ],
        &[],
    );
    world.run(&["catalog", "list"]).exits(0).says("catalog propose");
    let proposed = world.json(&["catalog", "propose"], 0);
    let first = &proposed["proposals"][0];
    assert_eq!((&first["name"], &first["mentions"]), (&json!("Acme Inc."), &json!(4)));
    assert_eq!(first["aliases"], json!(["Acme", "ACME"]));
    let second = json!({"type": "person", "name": "Sally Ride", "aliases": ["Ride", "SALLY RIDE"], "mentions": 3});
    assert_eq!(proposed["proposals"][1], second);
    assert_eq!((&proposed["total"], &proposed["mentions"]), (&json!(9), &json!(14)));
    let shown = world.run(&["catalog", "propose", "--type", "place", "--limit", "2"]).exits(0);
    shown.says("2 of 3 proposed entities").says_not("Acme");
    let page = ["--sort", "name", "--reverse", "--limit", "2", "--offset", "1"];
    world.run(&[&["catalog", "propose"][..], &page].concat()).exits(0).says("2 to 3 of 9 proposed entities");
    world.run(&["catalog", "propose", "--type", "ship"]).exits(2).says("no unlinked mention is of the type `ship`");
    assert!(!world.run(&["catalog", "propose", "--color", "never"]).exits(0).stdout.contains('\u{1b}'));

    let before = world.content();
    let tried = world.json(&["catalog", "accept", "--min-count", "3", "--dry-run"], 0);
    assert_eq!((&tried["entities"], &tried["relinked"]["linked"]), (&json!(2), &json!(7)));
    assert_eq!(world.content(), before);
    let ran = world.run(&["catalog", "accept", "--min-count", "3"]).exits(0);
    ran.says("2 entities made").says("7 linked");
    world.run(&["catalog", "accept", "--min-count", "3"]).exits(0).says("0 entities made").says("--min-count 1");
    world.run(&["catalog", "accept", "--min-count", "1", "-v"]).exits(0).says("`Houston` place: nothing -> Houston");
    assert_eq!(world.json(&["unresolved"], 0)["mentions"], 0);
    let links =
        "SELECT DISTINCT mention_text, entity_name FROM story_entities_named WHERE entity_type = 'person' ORDER BY 1";
    let links = world.rows(links);
    for link in ["Ride|Sally Ride", "Smith|Smith", "Jane Smith|Jane Smith"] {
        assert!(links.iter().any(|found| found == link), "{links:?}");
    }
    world.run(&["catalog", "propose"]).exits(0).says("0 of 0 proposed entities");
}

#[test]
fn what_is_ambiguous_or_rejected_is_not_proposed() {
    let world = world(
        &[&[("person", "Smith", none())], &[("person", "Noise", none())], &[("person", "Grace Hopper", none())]],
        &[person("a", "John Smith"), person("b", "Jane Smith")],
    );
    assert_eq!(world.count("SELECT count(*) FROM story_entities WHERE outcome = 'ambiguous'"), 1);
    world.run(&["unresolved", "reject", "Noise"]).exits(0);
    let proposed = world.json(&["catalog", "propose"], 0);
    assert_eq!((&proposed["total"], &proposed["proposals"][0]["name"]), (&json!(1), &json!("Grace Hopper")));
}

#[test]
fn a_merge_takes_names_links_decisions_and_verdicts_along() {
    let world = world(
        &[&[("person", "Bill Smith", none())], &[("person", "William Smith", none())], &[("person", "Billy", none())]],
        &[
            json!({"id": "a", "type": "person", "name": "Bill Smith", "aliases": ["B. Smith"], "attributes": {"country": "US"}}),
            json!({"id": "b", "type": "person", "name": "William Smith", "attributes": {"born": "1950"}}),
            json!({"id": "c", "type": "place", "name": "Smithville"}),
        ],
    );
    world.run(&["unresolved", "accept", "Billy", "a"]).exits(0);
    world.run(&["unresolved", "reject", "Billy", "b"]).exits(0);
    world.run(&["unresolved", "reject", "Willy", "a"]).exits(0);
    world.run(&["unresolved", "reject", "Willy", "b"]).exits(0);
    world.run(&["audit", "--sample", "2"]).exits(0);
    for (args, text) in [
        (["a", "a"], "both names are of the same entity"),
        (["a", "Bill Smith"], "both names are of the same entity"),
        (["a", "c"], "they are of two types, `person` and `place`"),
        (["nobody", "a"], "no entity of the catalog is called `nobody`"),
        (["a", "Bil Smith"], "did you mean `person:a`"),
    ] {
        let before = world.content();
        world.run(&["catalog", "merge", args[0], args[1]]).exits(2).says(text);
        assert_eq!(world.content(), before);
    }
    let merged = world.json(&["catalog", "merge", "a", "b"], 0);
    assert_eq!((&merged["done"], &merged["mentions"], &merged["decisions"]), (&json!("merged"), &json!(2), &json!(2)));
    assert_eq!(merged["entity"]["aliases"], json!(["Bill Smith", "B. Smith"]));
    assert_eq!(merged["entity"]["attributes"], json!({"born": "1950", "country": "US"}));
    let links = ["g1|Bill Smith|b|exact", "g2|William Smith|b|exact", "g3|Billy|b|decision"];
    assert_eq!(world.rows(LINKS), links);
    // It cannot be and not be the same one; what was said twice is said once.
    let decisions = "SELECT mention, verdict, target_external_id FROM mention_decisions ORDER BY 1, 2";
    assert_eq!(world.rows(decisions), ["Billy|is|b", "Willy|not|b"]);
    assert_eq!(world.count("SELECT count(*) FROM audit_items WHERE entity_id IS NULL"), 0);
    world.run(&["resolve", "--all"]).exits(0).says("0 mentions changed");
    world.run(&["catalog", "merge", "c", "b", "--across-types"]).exits(0).says("merged into person:b");
    assert_eq!(world.rows("SELECT type, external_id FROM entities"), ["person|b"]);
}

#[test]
fn a_split_takes_the_decisions_about_its_names_along() {
    let world = world(
        &[&[("person", "Bush Sr", none())], &[("person", "Dubya", none())], &[("person", "George Bush", none())]],
        &[json!({"id": "b", "type": "person", "name": "George Bush", "aliases": ["Bush Sr", "Poppy"]})],
    );
    world.run(&["catalog", "alias", "add", "b", "Dubya"]).exits(0).says("1 linked");
    for (args, text) in [
        (vec!["--alias", "Bush Jr"], "`Bush Jr` is not an alias of person:b"),
        (vec!["--alias", "George Bush"], "is its preferred name"),
        (vec!["--alias", "Poppy", "--id", "b"], "the catalog has `person:b` already"),
        (vec!["--alias", "Poppy", "--id", " "], "`id` is empty"),
    ] {
        world.run(&[&["catalog", "split", "b"][..], &args].concat()).exits(2).says(text);
    }
    let split = world.json(&["catalog", "split", "b", "--alias", "Dubya", "--alias", "Dubya", "--id", "w"], 0);
    assert_eq!((&split["decisions"], &split["relinked"]["moved"]), (&json!(1), &json!(1)));
    world
        .run(&["catalog", "split", "b", "--alias", "Bush Sr", "--alias", "Poppy"])
        .exits(0)
        .says("made person:bush-sr");
    let links = ["g1|Bush Sr|bush-sr|exact", "g2|Dubya|w|decision", "g3|George Bush|b|exact"];
    assert_eq!(world.rows(LINKS), links);
    assert_eq!(world.count("SELECT count(*) FROM entity_aliases WHERE alias = 'Poppy'"), 1);
}

#[test]
fn entities_are_added_changed_and_removed_by_the_rules_of_a_file() {
    let world =
        world(&[&[("person", "Ada Lovelace", none())]], &[person("p1", "Ada Lovelace"), person("p2", "Ada King")]);
    let long = "x".repeat(10_000);
    for (args, text) in [
        (vec!["add", "", "--type", "person"], "no letters or digits to make an id of"),
        (vec!["add", "", "--type", "person", "--id", "x"], "`name` is missing"),
        (vec!["add", "X", "--type", " "], "`type` is missing"),
        (vec!["add", "X", "--type", "person", "--id", "a\u{1b}b"], "control characters"),
        (vec!["add", "X", "--type", "person", "--id", &long], "over the limit"),
        (vec!["add", "X", "--type", "person", "--id", "p1"], "the catalog has `person:p1` already"),
        (vec!["add", "X", "--type", "person", "--attribute", "x"], "`x` is not NAME=VALUE"),
        (vec!["edit", "p1"], "nothing is said to change"),
        (vec!["edit", "p1", "--remove-alias", "Augusta"], "`Augusta` is not an alias of person:p1"),
        (vec!["edit", "p1", "--name", " "], "`name` is missing"),
        (vec!["remove", "Ada Lovelac"], "did you mean `person:p1`"),
        (vec!["alias", "add", "p1", "!!!"], "no letters or digits to decide about"),
        (vec!["alias", "add", "p1"], "required"),
        (vec!["show", "zzz"], "no entity of the catalog"),
    ] {
        world.run(&[&["catalog"][..], &args].concat()).exits(2).says(text);
    }
    let added = world
        .json(&["catalog", "add", " Ada\n Byron\u{7} ", "--type", "person", "--attribute", "Birth Place=London"], 0);
    assert_eq!((&added["entity"]["name"], &added["entity"]["id"]), (&json!("Ada Byron"), &json!("ada-byron")));
    assert_eq!(added["entity"]["attributes"], json!({"birth_place": "London"}));
    let ran = world.run(&["catalog", "edit", "p2", "--alias", "Ada Lovelace", "--attribute", "country=UK"]).exits(0);
    ran.says("changed person:p2").says("`Ada Lovelace` is also a name of `person:p1`");
    world.run(&["catalog", "edit", "p2", "--attribute", "Country=UK"]).exits(0).says("nothing was changed");
    world.run(&["catalog", "show", "Ada Lovelace"]).exits(2).says("`Ada Lovelace` names 2 entities").says("person:p2");
    world.run(&["resolve", "--all", "-v"]).exits(0).says("(person:p1) -> ambiguous");
    world.run(&["catalog", "edit", "p2", "--remove-alias", "Ada Lovelace", "--attribute", "country="]).exits(0);
    world.run(&["resolve", "--all"]).exits(0).says("1 linked");
    world.run(&["unresolved", "accept", "Ada Lovelace", "person:p1"]).exits(0);
    world.run(&["catalog", "show", "p1"]).exits(0).says("taught  `Ada Lovelace` is person:p1");
    let listed = world.json(&["catalog", "list", "ada", "--type", "person", "--limit", "2"], 0);
    assert_eq!((listed["entities"].as_array().unwrap().len(), &listed["total"]), (2, &json!(3)));
    let removed = world.json(&["catalog", "remove", "p1"], 0);
    assert_eq!((&removed["mentions"], &removed["decisions"]), (&json!(1), &json!(1)));
    world.run(&["resolve", "--all"]).exits(0);
    world.run(&["catalog", "add", "Ada Lovelace", "--type", "person", "--id", "p1"]).exits(0);
    world.run(&["resolve", "--all"]).exits(0);
    assert_eq!(world.rows(LINKS), ["g1|Ada Lovelace|p1|decision"]);
    for (args, text) in [
        (["Foo", "--id", "", "--type", "person"], "`id` is empty"),
        (["Foo", "--id", "f", "--type", ""], "`type` is missing"),
        (["Foo", "--id", "f\u{1b}", "--type", "person"], "control characters"),
        (["", "--id", "f", "--type", "person"], "no letters or digits"),
    ] {
        world.run(&[&["unresolved", "new"][..], &args].concat()).exits(2).says(text);
    }
    // What could steer a terminal is no part of a mention.
    world.run(&["catalog", "alias", "add", "p2", "x\u{1b}[2Jy\u{7}"]).exits(0);
    assert_eq!(world.rows("SELECT mention FROM mention_decisions WHERE target_external_id = 'p2'"), ["x [2Jy"]);
    // A name of ten thousand letters is a name; lists show its beginning.
    world.run(&["catalog", "add", &long, "--type", "person", "--id", "long"]).exits(0);
    assert!(world.run(&["catalog", "list"]).exits(0).stdout.lines().all(|line| line.len() < 500));
    world.run(&["catalog", "alias", "add", "long", &long]).exits(0);
    assert!(world.run(&["unresolved", "decisions"]).exits(0).stdout.lines().all(|line| line.len() < 700));
}

#[test]
fn a_name_can_be_taught_and_unlearned() {
    let world =
        world(&[&[("person", "Ziggy", none())], &[("person", "David Bowie", none())]], &[person("b", "David Bowie")]);
    world.run(&["catalog", "alias", "add", "b", "Ziggy"]).exits(0).says("1 linked");
    assert_eq!(world.json(&["catalog", "show", "b"], 0)["taught"][0]["mention"], "Ziggy");
    world.run(&["catalog", "alias", "remove", "b", "ziggy"]).exits(0).says("no longer holds: `Ziggy` is person:b");
    world.run(&["catalog", "alias", "remove", "b", "David Bowie"]).exits(0).says("1 unlinked");
    assert_eq!(world.rows(LINKS), ["g1|Ziggy|-|none", "g2|David Bowie|-|none"]);
    world.run(&["unresolved", "undo", "David Bowie"]).exits(0).says("1 linked");
}

#[test]
fn duplicates_are_listed_best_first_within_a_type() {
    let world = World::new();
    world.load_entities(&[
        person("p1", "Robert Jones"),
        person("p2", "Bob Jones"),
        person("p3", "Jane Smith"),
        json!({"id": "o1", "type": "company", "name": "Acme Corporation"}),
        json!({"id": "o2", "type": "company", "name": "ACME Inc."}),
        json!({"id": "o3", "type": "company", "name": "Acme Robotics"}),
        json!({"id": "o4", "type": "company", "name": "Jane Smith"}),
        json!({"id": "o5", "type": "company", "name": "\u{202e}<b>x</b>"}),
    ]);
    let found = world.json(&["catalog", "dedupe"], 0);
    let pairs: Vec<_> =
        found["pairs"].as_array().unwrap().iter().map(|pair| (&pair["a"]["id"], &pair["b"]["id"])).collect();
    assert_eq!(pairs, [(&json!("p1"), &json!("p2")), (&json!("o1"), &json!("o2"))]);
    assert!(found["pairs"][0]["score"].as_f64() >= found["pairs"][1]["score"].as_f64());
    let ran = world.run(&["catalog", "dedupe", "--type", "Person", "--limit", "1"]).exits(0);
    ran.says("1 of 1 likely pair").says("Robert Jones").says("catalog merge FROM INTO");
    let ran = world.run(&["catalog", "dedupe", "--sort", "type", "--reverse", "--offset", "1"]).exits(0);
    ran.says("2 to 2 of 2 likely pairs").says("Acme Corporation");
    world.run(&["catalog", "dedupe", "--type", "ship"]).exits(2).says("it has `company` and `person`");
    assert_eq!(world.json(&["catalog", "dedupe", "--min-score", "1"], 0)["total"], 0);
    for share in ["x", "7", "-1", "NaN"] {
        let share = format!("--min-score={share}");
        world.run(&["catalog", "dedupe", &share]).exits(2).says("give a number from 0 to 1");
    }
}

#[test]
fn what_was_decided_holds_at_once_of_what_is_merged_and_of_what_is_back() {
    let world = world(
        &[&[("person", "Jordan", none())], &[("person", "Air Jordan", none())]],
        &[person("mj", "Michael Jordan"), person("ma", "M. Airey")],
    );
    world.run(&["unresolved", "reject", "Jordan", "ma"]).exits(0);
    world.run(&["unresolved", "accept", "Air Jordan", "ma"]).exits(0);
    assert_eq!(world.rows(LINKS), ["g1|Jordan|mj|fuzzy", "g2|Air Jordan|ma|decision"]);
    // Decisions about what is away dangle, and hold again when it is back, also in what is here.
    world.run(&["catalog", "remove", "ma"]).exits(0).says("2 decisions will hold again");
    world.run(&["catalog", "add", "M. Airey", "--type", "person", "--id", "ma"]).exits(0).says("2 decisions about it");
    assert_eq!(world.rows(LINKS), ["g1|Jordan|mj|fuzzy", "g2|Air Jordan|ma|decision"]);
    // Jordan is not that one; so it is not the other either, now that both are one.
    world.run(&["catalog", "merge", "ma", "mj"]).exits(0).says("2 decisions moved");
    assert_eq!(world.rows(LINKS), ["g1|Jordan|-|none", "g2|Air Jordan|mj|decision"]);
    world.run(&["resolve", "--all"]).exits(0).says("0 mentions changed");
}

#[test]
fn an_exact_name_of_another_type_is_shown_and_linked_by_nobody() {
    let world = World::with_groups(1);
    world.load_entities(&[
        json!({"id": "nd", "type": "company", "name": "Nebula Dynamics", "aliases": ["NebDyn"]}),
        json!({"id": "np", "type": "place", "name": "Nebula Park"}),
    ]);
    world.run(&["batch", "create", "--wait", "-q"]).exits(0);
    world
        .sql()
        .execute_batch(
            "UPDATE story_entities SET mention_text = 'Nebula Dynamics', entity_type = 'place', entity_id = NULL,
                 outcome = 'unknown', method = 'none', score = 0 WHERE ordinal = 1;
             DELETE FROM story_entities WHERE ordinal > 1",
        )
        .unwrap();
    for name in ["Nebula Dynamics", "nebdyn", "Nebula", "Nebula Dynamics Inc"] {
        world.run(&["resolve", name, "--type", "place"]).exits(0);
    }
    world.run(&["resolve", "Nebula Dynamics", "--type", "place", "--json"]).exits(0);
    world.run(&["resolve", "Nebula Dynamics", "--type", "organization"]).exits(0);
    world.run(&["unresolved"]).exits(0);
    world.run(&["unresolved", "export"]).exits(0);
    world.run(&["resolve", "--all"]).exits(0);
}

#[test]
fn namesakes_are_told_apart_by_what_the_catalog_says_of_them() {
    let world = World::new();
    let ship = |id: &str, name: &str, attributes: Value| json!({"id": id, "type": "vehicle", "name": name, "aliases": ["Resilience"], "attributes": attributes});
    world.load_entities(&[
        ship("v1", "Crew Dragon Resilience", json!({"kind": "capsule", "country": "US", "first flight": 2020})),
        ship("v2", "Lander Resilience", json!({"kind": "lander", "country": "JP"})),
        json!({"id": "v3", "type": "vehicle", "name": "Crew Dragon Resiliense", "attributes": {"kind": "capsule", "country": "US"}}),
        json!({"id": "p1", "type": "person", "name": "Ada Lovelace", "attributes": {"born": 1815}}),
    ]);
    let text = "Resilience flew. Ada Lovelace was not on board.";
    world.load_groups(&[json!({"id": "g1", "title": "A flight", "created_at": "2025-01-01", "text": text})]);
    let mention = |kind: &str, name: &str| json!({"type": kind, "mention": name});
    let output = json!({"entities": [mention("vehicle", "Resilience"), mention("person", "Ada Lovelace")]}).to_string();
    let usage = json!({"input_tokens": 100, "output_tokens": 10});
    let body = json!({"status": "completed", "usage": usage, "output_text": output});
    world.script(&json!({"answers": [{"custom_id": "entity_g1", "body": body}]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["resolve", "Resilience", "--type", "vehicle"]).exits(0);
    world.run(&["unresolved"]).exits(0);
    world.run(&["unresolved", "export"]).exits(0);
    world.run(&["catalog", "dedupe"]).exits(0);
    world.load_entities(&[json!({"id": "p2", "type": "person", "name": "Ada LOVELACE", "attributes": {"born": 1971}})]);
    world.run(&["catalog", "list"]).exits(0);
    world.run(&["catalog", "show", "Ada Lovelace"]).exits(2);
    world.run(&["catalog", "remove", "person:p2"]).exits(0);
    world.run(&["resolve", "Ada Lovelace", "--type", "vehicle"]).exits(0).says("exact name, but type person");
    // A slip decides about a mention that nobody waits for.
    world.run(&["unresolved", "accept", "Resiliance", "vehicle:v1"]).exits(0).says("did you mean `Resilience`?");
    world.run(&["undo"]).exits(0);
    // An entity that a person ruled out is not shown as of another type.
    world.run(&["unresolved", "reject", "Ada Lovelace", "person:p1"]).exits(0);
    world.run(&["unresolved", "--type", "person"]).exits(0).says("exact name, but decided not to be meant");
    world.run(&["resolve", "Ada Lovelace", "--type", "person"]).exits(0).says("decided not to be meant");
    // Of a stored link, or none, it is told why, with what the group says.
    world.run(&["show", "g1", "--explain", "--no-text"]).exits(0);
    world.json(&["show", "g1", "--explain", "--no-text"], 0);
    let row = world.run(&["unresolved", "export"]).exits(0).stdout;
    let filled = row.replacen("Ada Lovelace,person,1,,", "Ada Lovelace,person,1,1,", 1);
    world.write("filled.csv", &filled);
    world.run(&["unresolved", "import", "filled.csv"]).exits(0).says("1 linked");
}

#[test]
fn a_type_that_nothing_has_is_said_with_the_one_that_was_meant() {
    let world = World::with_groups(1);
    for (args, code) in [
        (&["catalog", "add", "Grace Hopper", "--type", "persn"][..], 0),
        (&["catalog", "add", "Mercury", "--type", "planet"], 0),
        (&["catalog", "add", "Venus", "--type", "planet"], 0),
        (&["unresolved", "new", "Ada", "--id", "ada", "--type", "persom"], 0),
        (&["resolve", "Ada", "--type", "perso"], 2),
        (&["resolve", "Ada", "--type", "galaxy"], 2),
        (&["resolve", ""], 2),
        (&["resolve", " \u{200b}"], 2),
        (&["resolve", "--file", "none.jsonl", "--type", "perzon"], 2),
        (&["entities", "--type", "perzon"], 2),
        (&["unresolved", "--type", "organisaton"], 2),
    ] {
        world.run(args).exits(code);
    }
    let line = |kind: &str| json!({"mention": "Ada Lovelace", "type": kind});
    world.write_lines("mentions.jsonl", &[line("person"), line("perzon"), line("perzon"), line("galaxy")]);
    world.run(&["resolve", "--file", "mentions.jsonl"]).exits(0);
}

/// Of so many groups the links are made anew in several threads, where the machine has several processors.
#[test]
fn all_links_of_many_groups_are_made_anew_as_they_would_be_one_after_the_other() {
    let firsts = ["Ada", "Marta", "Dan", "Ines", "Pavel", "Greta", "Omar"];
    let lasts = ["Quist", "Hallworth", "Marin", "Reyes", "Tongeren"];
    let names: Vec<String> = firsts.iter().flat_map(|first| lasts.map(|last| format!("{first} {last}"))).collect();
    let mentions = |n: usize| -> Vec<Mention<'_>> {
        let (own, other) = (names[n * 7 % names.len()].as_str(), names[n * 11 % names.len()].as_str());
        vec![
            ("person", own, none()),
            ("person", own.rsplit(' ').next().expect("a name"), none()),
            ("person", other, none()),
        ]
    };
    let groups: Vec<Vec<Mention<'_>>> = (0..1_100).map(mentions).collect();
    let all = |from: usize| -> Vec<Value> {
        names.iter().enumerate().skip(from).step_by(2).map(|(n, name)| person(&format!("p{n}"), name)).collect()
    };
    let world = world(&groups.iter().map(Vec::as_slice).collect::<Vec<_>>(), &all(0));
    world.load_entities(&all(1));
    // A dry run links in one thread, and so does a rebuild.
    let mut expected = world.json(&["resolve", "--all", "--dry-run", "-v"], 0);
    expected["dry_run"] = json!(false);
    assert!(expected["linked"].as_u64() > Some(500), "{}", expected["linked"]);
    assert_eq!(world.json(&["resolve", "--all", "-v"], 0), expected);
    let found = world.content();
    assert_eq!(world.json(&["resolve", "--all"], 0)["changed"], 0);
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.content(), found);
}

/// An earlier program left a decision under the key that it had made, and an index that is not read any more.
#[test]
fn a_rebuild_notes_that_decisions_have_other_keys_now() {
    let world = world(&[&[("work", "Apollo LVII", none())]], &[person("a", "Ada Quist")]);
    world.run(&["unresolved", "reject", "Apollo LVII"]).exits(0);
    world
        .sql()
        .execute_batch(
            "UPDATE mention_decisions SET mention_key = 'apollo lvii'; DELETE FROM _name_index; DELETE FROM tombstones",
        )
        .unwrap();
    world.run(&["rebuild"]).exits(0);
    assert_eq!(world.rows("SELECT mention_key FROM mention_decisions"), ["apollo 57"]);
    assert_eq!(world.count("SELECT count(*) FROM tombstones WHERE key LIKE '%apollo lvii%'"), 1);
}
