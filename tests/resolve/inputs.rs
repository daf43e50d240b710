use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use gleaner::door::linking::{self, Linker, Load};
use gleaner::door::model::{Attributes, Entity, EntityId, Mention};
use gleaner::door::profile::Profile;
use gleaner::door::resolve::{Builder, Query, Resolution, Resolver, Strictness, mention_key, read_pair};
use gleaner::door::store::Store;
use gleaner::door::text::hidden::{is_hidden, is_steering};
use serde_json::{Value, json};

use crate::harness::{Ran, World};

/// Texts that are no names, or hardly.
fn odd_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\t\n",
        "!!!",
        "...",
        "- / -",
        "🙂",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "\u{202e}evil",
        "\u{2066}a\u{2069}\u{feff}",
        "שלום עולם",
        "مرحبا بالعالم",
        "a\u{1b}[31mred\u{1b}]0;title\u{7}",
        "\u{9b}31m\u{85}\u{2028}",
        "e\u{301}\u{301}\u{301}\u{301}",
        "ＡＢＣ　ｄｅｆ",
        "İıſßﬁ",
        "1",
        "0.0.0",
        "v",
        "&&&",
        "'s",
        "O'",
        "(((((((((((((((((((",
        "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,a,b,c,d,e,f",
        "Jr.",
        "the the the",
        "mmmmmmmmmmmmmmmm",
        "vs",
        "a vs b vs c at d @ e-f-g/h",
    ]
    .map(str::to_owned)
    .into();
    for part in ["x", "é", "ab ", "🙂", "a-", "(", "1.", "Wörter, ", "漢", "\u{202e}", "J. "] {
        texts.push(part.repeat(10_240 / part.len()));
    }
    texts
}

/// A random text of a few kinds of characters; a plain generator, so that a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        // Knuth's multiplier; the high bits are good enough.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn text(&mut self) -> String {
        const RANGES: [(u32, u32); 12] = [
            (0x20, 0x7f),
            (0x20, 0x7f),
            (0x41, 0x5b),
            (0x61, 0x7b),
            (0x00, 0x20),
            (0xa0, 0x180),
            (0x300, 0x370),
            (0x400, 0x460),
            (0x590, 0x700),
            (0x900, 0xe80),
            (0x2000, 0x2070),
            (0x0, 0x11_0000),
        ];
        let mut text = String::new();
        for _ in 0..self.below(40) {
            let (low, high) = RANGES[self.below(RANGES.len() as u64) as usize];
            text.extend(char::from_u32(low + self.below(u64::from(high - low)) as u32));
        }
        text
    }

    fn name(&mut self) -> String {
        const WORDS: [&str; 24] = [
            "Anna", "Bert", "Carla", "Dora", "Emil", "Falk", "Gray", "Hale", "Ives", "Jonas", "Krell", "Lund", "Moss",
            "Nash", "Olsen", "Pike", "Bank", "Motors", "of", "United", "Jr.", "XXIV", "2", "St.",
        ];
        let words: Vec<&str> = (0..=self.below(3)).map(|_| WORDS[self.below(WORDS.len() as u64) as usize]).collect();
        words.join(" ")
    }
}

fn entity(id: &str, kind: &str, name: &str, aliases: Vec<String>, attributes: &[(&str, &str)]) -> Entity {
    Entity {
        id: EntityId::new(id),
        entity_type: kind.into(),
        name: name.into(),
        aliases,
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

/// Expects that nothing in an output could steer a terminal or reorder what is read.
#[track_caller]
fn inert(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let hostile = text.chars().find(|c| is_steering(*c) && !matches!(c, '\n' | '\t'));
        assert_eq!(hostile, None, "{}", ran.report());
    }
}

#[test]
fn odd_mentions_are_answered_and_their_answers_are_inert() {
    let world = World::new();
    world.has_no_transcript("a megabyte of odd texts and what is made of each");
    let texts = odd_texts();
    // Whatever is asked for is in the catalog as well, as far as it can be loaded.
    let rows: Vec<Value> = texts
        .iter()
        // A text that shows nothing is no name.
        .filter(|text| text.chars().any(|c| !is_hidden(c) && !c.is_whitespace()))
        .enumerate()
        .map(|(n, text)| {
            json!({"id": format!("\u{202e}é/{n}|\"'"), "type": format!("kind\u{202e} {}", n % 3), "name": text,
                "aliases": [text, format!("{text} {text}")], "attributes": {"note": text, text.as_str(): "x"}})
        })
        .collect();
    let path = world.write_lines("odd.jsonl", &rows).display().to_string();
    let loaded = world.run(&["load", "entities", &path]).exits(0);
    inert(&loaded);
    loaded.says(&format!("{} new", rows.len()));
    world.run(&["load", "entities", &path]).exits(0).says(&format!("{} unchanged", rows.len()));

    let lines: Vec<Value> = texts
        .iter()
        .map(|text| json!({"mention": text, "type": text, "hints": {"note": text, "": text}, "context": text}))
        .chain(texts.iter().map(|text| json!({"mention": text})))
        .collect();
    let path = world.write_lines("mentions.jsonl", &lines).display().to_string();
    let ran = world.run(&["resolve", "--file", &path, "--explain"]).exits(0);
    inert(&ran);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    for (line, answer) in lines.iter().zip(&answers) {
        assert_eq!(line["mention"], answer["mention"]);
    }
    assert_eq!(answers[0]["outcome"], "unknown");
    for text in texts.iter().filter(|text| !text.contains('\0')) {
        let shows_something = text.chars().any(|c| !is_hidden(c) && !c.is_whitespace());
        let ran = world.run(&["resolve", "--explain", "--color", "never", "--", text]);
        inert(&ran.exits(if shows_something { 0 } else { 2 }));
    }
    let hostile = world.run(&["resolve", "evil", "--hint", "note=\u{202e}x", "--context", "\u{1b}[1m", "--json"]);
    inert(&hostile.exits(0));
}

#[test]
fn a_line_too_long_is_one_line_and_a_bad_one_stops_nothing() {
    let world = World::new();
    world.load_entities(&[json!({"id": "a", "type": "t", "name": "Anna Krell"})]);
    let text = format!(
        "{{\"mention\":\"{}\"}}\n\n{{\"mention\":7}}\nnonsense \u{1b}[31m\n{{\"mention\":\"Anna Krell\"}}",
        "x".repeat(3 << 20)
    );
    let path = world.write("m.jsonl", &text).display().to_string();
    let ran = world.run(&["resolve", "--file", &path]).exits(3);
    inert(&ran);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 4);
    assert_eq!((&answers[0]["entity_id"], &answers[3]["entity_id"]), (&json!(null), &json!("a")));
    assert!(answers[0]["error"].as_str().unwrap().contains("longer than 1048576 bytes"), "{}", answers[0]);
    ran.says("m.jsonl:1:").says("m.jsonl:3:").says("m.jsonl:4:");
}

#[test]
fn catalogs_of_any_shape_are_loaded_and_linked() {
    let world = World::new();
    let long = "wörter und 漢字 ".repeat(500);
    let many: serde_json::Map<String, Value> =
        (0..1000).map(|n| (format!("a{n}"), json!(format!("v{n} {long}")))).collect();
    let words: Vec<String> = (0..40).map(|n| format!("word{n}")).collect();
    let mut rows = vec![
        json!({"id": "1", "type": "t0", "name": "Anna Krell", "attributes": many}),
        json!({"id": "2", "type": "t0", "name": "Anna Krell", "aliases": ["Anna Krell", "A. Krell", "A. Krell"]}),
        json!({"id": 3, "type": "t0", "name": words.join(" ")}),
        json!({"id": "4", "type": "t0", "name": "!!!", "aliases": ["🙂", "..."]}),
        json!({"id": "5", "type": "t0", "name": "🙂", "aliases": ["Smile Krell"]}),
    ];
    rows.extend((0..100).map(|n| json!({"id": "x", "type": format!("t{n}"), "name": format!("Bert Lund {n}")})));
    let path = world.write_lines("e.jsonl", &rows).display().to_string();
    world.run(&["load", "entities", &path]).exits(0).says("105 new");
    world.run(&["load", "entities", &path]).exits(0).says("105 unchanged");
    let check = |args: &[&str], expected: Value| {
        let found = world.json(&[&["resolve"], args].concat(), 0);
        assert_eq!(json!([found["entity_type"], found["entity_id"], found["outcome"]]), expected, "{args:?} {found}");
    };
    check(&["Anna Krell"], json!([null, null, "ambiguous"]));
    // Attributes beyond the first dozens count, as much as fits of their values.
    check(&["Anna Krell", "--hint", "a999=v999 wörter"], json!(["t0", "1", "linked"]));
    check(&[&words.join(" ")], json!(["t0", "3", "linked"]));
    check(&["!!!"], json!([null, null, "unknown"]));
    check(&["Smile Krell"], json!(["t0", "5", "linked"]));
    check(&["Bert Lund 57"], json!(["t57", "x", "linked"]));
    check(&["Bert Lund 57", "--type", "T57"], json!(["t57", "x", "linked"]));
    check(&["Carla Moss", "--type", "t58"], json!([null, null, "unknown"]));
}

/// A million of them by hand, in a release build: 8 s to load and 429 MB at most, and an answer in 10 ms. More than 16 MiB
/// of them on a line are refused, with the line.
#[test]
fn an_entity_with_a_hundred_thousand_aliases_is_one_among_others() {
    let world = World::new();
    let aliases = |from: u32| -> Vec<String> { (from..100_000).map(|n| format!("Zed {n:06x}")).collect() };
    let rows = |from: u32| {
        [
            json!({"id": "z", "type": "person", "name": "Zed Zero", "aliases": aliases(from)}),
            json!({"id": "y", "type": "person", "name": "Yan Zed", "attributes": {"friend": "Zed Zero"}}),
            json!({"id": "x", "type": "person", "name": "Yan Pike", "attributes": {"friend": "Anna Krell"}}),
        ]
    };
    world.load_entities(&rows(0));
    let check = |args: &[&str], expected: &str| {
        let found = world.json(&[&["resolve"], args].concat(), 0);
        assert_eq!(found["entity_id"], expected, "{args:?} {found}");
    };
    check(&["Zed 00000a"], "z");
    check(&["zed 01869F"], "z");
    check(&["Zed Zero"], "z");
    check(&["Yan Zed"], "y");
    check(&["Yan", "--hint", "friend=Zed 00000b"], "y");
    world.load_entities(&rows(1));
    assert_eq!(world.count("SELECT count(*) FROM entity_aliases"), 99_999);
    check(&["Zed 00000a"], "z");
}

#[test]
fn random_texts_never_fail_and_the_same_question_has_the_same_answer() {
    let mut random = Random(20_260_801);
    let texts: Vec<String> = (0..3000).map(|_| random.text()).chain(odd_texts()).collect();
    let mut builder = Builder::new();
    let mut catalog = vec![];
    for (n, text) in texts.iter().step_by(7).enumerate() {
        let kind = ["a", "b", "\u{202e}"][n % 3];
        let attributes = [("team", texts[n].as_str()), (text, "x")];
        catalog.push(entity(&n.to_string(), kind, text, vec![texts[n + 1].clone()], &attributes));
    }
    catalog.sort_by(|a, b| a.entity_type.cmp(&b.entity_type));
    for (key, entity) in (1..).zip(&catalog) {
        builder.add(gleaner::door::model::EntityKey(key), entity);
    }
    let mut resolver = Resolver::new(builder.resident().expect("packs")).expect("opens");
    for explain in [false, true] {
        resolver.explain = explain;
        for (n, text) in texts.iter().enumerate() {
            let key = mention_key(text);
            assert!(key.is_ascii() && key.split(' ').count() <= 28, "{text:?}: {key}");
            let _ = read_pair(text);
            let hints: Attributes = [("team".to_owned(), texts[(n * 31) % texts.len()].clone())].into();
            let types = [String::new(), "A".to_owned()];
            let query = Query {
                text,
                types: &types[..n % 3],
                hints: if n % 2 == 0 { &hints } else { &Attributes::new() },
                context: &texts[(n * 17) % texts.len()],
            };
            let first = resolver.resolve(&query).expect("resolves");
            assert!(first.score.is_finite() && (0.0..=1.0).contains(&first.score), "{text:?}: {}", first.score);
            assert_eq!(resolver.resolve(&query).expect("resolves"), first, "{text:?}");
        }
    }
}

#[test]
fn an_answer_is_the_same_whatever_is_shown_of_it() {
    let (mut n_linked, mut n_compared) = (0, 0);
    for collection in ["football", "spaceflight"] {
        let path = format!("{}/src/sandbox/samples/{collection}/entities.jsonl", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("it is there");
        let catalog: Vec<Entity> = text.lines().map(|line| serde_json::from_str(line).expect("is valid")).collect();
        let mut builder = Builder::new();
        let mut by_type: Vec<&Entity> = catalog.iter().collect();
        by_type.sort_by(|a, b| a.entity_type.cmp(&b.entity_type));
        for (key, entity) in (1..).zip(by_type) {
            builder.add(gleaner::door::model::EntityKey(key), entity);
        }
        let packed = builder.resident().expect("packs");
        let mut resolver = Resolver::new(packed).expect("opens");
        for (n, entity) in catalog.iter().enumerate().step_by(4) {
            for name in entity.aliases.iter().chain([&entity.name]) {
                let last = name.split(' ').next_back().unwrap_or_default();
                let shorter: String = name.chars().take(name.chars().count() - 1).collect();
                for (at, text) in [name.to_uppercase(), shorter, format!("{name} {last}")].iter().enumerate() {
                    for hints in [&entity.attributes, &catalog[(n * 31 + 7 * at) % catalog.len()].attributes] {
                        for hint in hints {
                            let hints: Attributes = [(hint.0.clone(), hint.1.clone())].into();
                            let query = Query { text, types: &[], hints: &hints, context: "" };
                            resolver.explain = false;
                            let plain = resolver.resolve(&query).expect("resolves");
                            resolver.explain = true;
                            let shown = resolver.resolve(&query).expect("resolves");
                            let answer = |found: &Resolution| (found.outcome, found.entity, found.score.to_bits());
                            assert_eq!(answer(&plain), answer(&shown), "{text} {hints:?}");
                            n_linked += usize::from(plain.entity.is_some());
                            n_compared += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(n_compared > 1500 && n_linked > 600, "{n_linked} of {n_compared}");
}

#[test]
fn pages_memory_and_changes_laid_over_give_the_same_answers() {
    let mut random = Random(7);
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").expect("opens");
    let profile = Profile::parse(Profile::builtin("news").expect("it is built in")).expect("it is sound");
    let catalog: Vec<Entity> = (0..600)
        .map(|n| {
            let (name, alias, team) = (random.name(), random.name(), random.name());
            let kind = ["person", "company", "city"][n % 3];
            entity(&n.to_string(), kind, &name, vec![alias], &[("affiliation", &team)])
        })
        .collect();
    let mentions: Vec<Mention> = (0..500)
        .map(|n| {
            let text = if n % 5 == 0 { catalog[n].name.clone() } else { random.name() };
            let hints = if n % 3 == 0 { [("affiliation".to_owned(), random.name())].into() } else { Attributes::new() };
            let entity_type = ["person", "organization", "place"][n % 3].to_owned();
            Mention { entity_type, text, hints, is_primary: false, confidence: 0.9, rank: 1 }
        })
        .collect();
    let answers = |store: &Store, load: Load| -> Vec<Resolution> {
        let mut linker = Linker::open(store.read(), Strictness::Default, load).expect("opens");
        let groups = mentions.chunks(5).map(|group| linker.link(&profile, group).expect("links"));
        groups.flat_map(Vec::into_iter).collect()
    };
    // Where an index has a candidate differs between layers; what it is must not.
    let shown = |decisions: &[Resolution]| -> Vec<String> {
        let one = |decision: &Resolution| {
            let mut text =
                format!("{:?} {:?} {:?} {:.4}", decision.outcome, decision.entity, decision.method, decision.score);
            for candidate in &decision.candidates {
                write!(text, " {:?} {:.4}", candidate.entity, candidate.score).expect("a string takes all");
            }
            text
        };
        decisions.iter().map(one).collect()
    };
    let load = |store: &mut Store, entities: &[Entity], pack: bool| {
        let tx = store.write().expect("begins");
        for entity in entities {
            tx.load_entity(entity, "2026-01-01T00:00:00Z").expect("loads");
        }
        if pack {
            linking::rebuild(&tx).expect("packs");
        }
        tx.commit().expect("commits");
    };
    load(&mut store, &catalog, false);
    let unpacked = shown(&answers(&store, Load::Many));
    load(&mut store, &[], true);
    let in_memory = shown(&answers(&store, Load::Many));
    let paged = shown(&answers(&store, Load::One));
    assert_eq!(unpacked, in_memory);
    assert_eq!(in_memory, paged);
    assert_eq!(paged, shown(&answers(&store, Load::One)), "the same question, the same answer");

    // Some of it changed and changed back: what is laid over is weighed by the catalog and searched as one with it.
    let changed: Vec<Entity> = catalog
        .iter()
        .take(40)
        .map(|known| Entity { aliases: vec!["Somebody Else".into()], ..known.clone() })
        .collect();
    load(&mut store, &changed, false);
    load(&mut store, &catalog[..40], false);
    let overlaid = shown(&answers(&store, Load::Many));
    assert_eq!(overlaid, shown(&answers(&store, Load::One)));
    // How many names there are is counted with both, so a score may differ in its last digits.
    let decided = |text: &String| text.split(' ').take(3).map(str::to_owned).collect::<Vec<_>>();
    for ((a, b), mention) in overlaid.iter().zip(&in_memory).zip(&mentions) {
        assert_eq!(decided(a), decided(b), "{mention:?}");
    }
}

#[test]
fn a_line_of_a_file_is_an_object_and_says_what_is_wrong_with_it() {
    let world = World::new();
    world.load_entities(&[json!({"id": "a", "type": "person", "name": "Ada Lovelace"})]);
    world.run(&["catalog", "alias", "add", "a", "Countess", "--hint", "Home Town=London"]).exits(0);
    let lines = "{\"mention\":\"Countess\",\"hints\":{\"Home town\":\"london\",\"born\":1815,\"x\":null}}\n\
                 [\"Countess\"]\n{bad\n{\"mention\":5}\n{\"mention\":\"Countess\",\"hints\":null}\n";
    let ran = world.run_with_stdin(&["resolve", "--file", "-"], lines).exits(3);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    let shown: Vec<String> = answers
        .iter()
        .map(|answer| format!("{} {}", answer["outcome"], answer["error"].as_str().unwrap_or("-")))
        .collect();
    assert_eq!(
        shown,
        [
            "\"linked\" -",
            "\"unknown\" a list in place of a JSON object",
            "\"unknown\" not JSON: key must be a string (column 2)",
            "\"unknown\" invalid type: integer `5`, expected a string",
            "\"unknown\" -",
        ]
    );
    world.json(&["resolve", "Countess", "--hint", "Home Town = LONDON"], 0);
    let linked = world.json(&["resolve", "Countess", "--hint", "home_town=London"], 0);
    assert_eq!((&linked["outcome"], &linked["method"]), (&json!("linked"), &json!("decision")));
    world.run(&["resolve", "Countess", "--hint", "town"]).exits(2).says("a hint is NAME=VALUE");
}

#[test]
fn a_hint_that_no_attribute_is_called_is_said_once() {
    let world = World::new();
    world.load_entities(&[
        json!({"id": "m", "type": "player", "name": "Patrick Mahomes", "attributes": {"team": "KC", "jersey": 15}}),
        json!({"id": "s", "type": "ship", "name": "Beagle", "attributes": {"flag": "GB"}}),
    ]);
    world.run(&["resolve", "P. Mahomes", "--hint", "taem=KC"]).exits(0).says("did you mean `team`?");
    // Its value counts all the same, and the message says so.
    let scores =
        ["taem=KC", "taem=ZZ"].map(|hint| world.json(&["resolve", "P. Mahomes", "--hint", hint], 0)["score"].clone());
    assert!(scores[0].as_f64() > scores[1].as_f64(), "{scores:?}");
    world
        .run(&["resolve", "P. Mahomes", "--type", "player", "--hint", "colour=red"])
        .exits(0)
        .says("has `jersey` and `team`");
    // One that means the same, one that the profile asks for, and one that a decision is about.
    world.run(&["catalog", "alias", "add", "m", "Showtime", "--hint", "nickname=yes"]).exits(0);
    for hint in ["club=KC", "affiliation=KC", "nickname=no"] {
        assert_eq!(world.run(&["resolve", "P. Mahomes", "--hint", hint]).exits(0).stderr, "", "{hint}");
    }
    let lines = "{\"mention\":\"Beagle\",\"hints\":{\"flga\":\"GB\"}}\n".repeat(3);
    let ran = world.run_with_stdin(&["resolve", "--file", "-"], &lines).exits(0);
    assert_eq!(ran.stderr.matches("no entity has an attribute `flga`").count(), 1, "{}", ran.stderr);
    let bare = World::new();
    bare.load_entities(&[json!({"id": "a", "type": "person", "name": "Ada Lovelace"})]);
    bare.run(&["resolve", "Ada Lovelace", "--hint", "born=1815"]).exits(0).says("no attributes to compare it with");
}

#[test]
fn who_types_mentions_into_a_pipe_is_answered_from_the_catalog_as_it_is_by_then() {
    let world = World::new();
    world.load_entities(&[json!({"id": "a", "type": "person", "name": "Ada Lovelace"})]);
    let mut command = world.command(&["resolve", "--file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("was built");
    let (mut stdin, stdout) = (child.stdin.take().expect("is piped"), child.stdout.take().expect("is piped"));
    let mut answers = BufReader::new(stdout).lines();
    let mut ask = |mention: &str| -> Value {
        writeln!(stdin, "{}", json!({"mention": mention})).expect("is read");
        serde_json::from_str(&answers.next().expect("is answered").expect("is text")).expect("is JSON")
    };
    assert_eq!(ask("Ada Lovelace")["entity_id"], "a");
    assert_eq!(ask("Zebulon Quist")["outcome"], "unknown");
    // Nobody waits for the pipe, and all of the catalog is packed anew meanwhile.
    let many: Vec<Value> =
        (0..400).map(|n| json!({"id": n, "type": "person", "name": format!("Zeb{n} Quist{n}")})).collect();
    world.load_entities(&many);
    world.run(&["catalog", "add", "Zebulon Quist", "--type", "person", "--id", "z"]).exits(0);
    assert_eq!(ask("Zebulon Quist")["entity_id"], "z");
    assert_eq!(ask("Ada Lovelace")["entity_id"], "a");
    drop(stdin);
    assert!(child.wait().expect("ends").success());
}

#[cfg(unix)]
#[test]
fn a_file_that_can_only_be_read_is_linked_against_all_the_same() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new();
    world.load_entities(&[json!({"id": "a", "type": "person", "name": "Ada Lovelace"})]);
    // As an earlier program left it.
    world.sql().execute("DELETE FROM _name_index", []).expect("is there");
    let db = world.path("readonly.db");
    std::fs::copy(&world.db, &db).expect("copies");
    std::fs::set_permissions(&db, std::fs::Permissions::from_mode(0o444)).expect("is ours");
    let db = db.display().to_string();
    let answer = world.json(&["--db", &db, "resolve", "Ada Lovelace"], 0);
    assert_eq!(answer["entity_id"], "a");
    // Who may do everything may write such a file, too.
    if std::fs::OpenOptions::new().write(true).open(&db).is_err() {
        for args in [&["resolve", "--all"][..], &["catalog", "remove", "a"], &["unresolved", "reject", "Ada"]] {
            let args = [&["--db", db.as_str()][..], args].concat();
            world.run(&args).exits(1).says("can only be read").says("hint:");
        }
        // A command that writes only to read does so in a copy, in a folder where nothing can be written as well.
        let folder = world.path("media");
        std::fs::create_dir(&folder).expect("a folder can be made");
        let there = folder.join("there.db");
        std::fs::copy(&world.db, &there).expect("copies");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).expect("is ours");
        for db in [db.clone(), there.display().to_string()] {
            for args in
                [&["search", "moon"][..], &["resolve", "--all", "--dry-run"], &["catalog", "accept", "--dry-run"]]
            {
                let args = [&["--db", db.as_str()][..], args].concat();
                world.run(&args).exits(0).says("the database can only be read; ").says(" in a temporary copy");
            }
            for args in [
                &["progress"][..],
                &["check"],
                &["catalog", "list"],
                &["entities"],
                &["topics"],
                &["unresolved"],
                &["show", "g1"],
                &["related", "g1"],
                &["audit"],
                &["batch", "list", "--offline"],
                &["batch", "create", "--dry-run"],
                &["extract", "--dry-run"],
                &["export", "--to", "out"],
                &["report", "-o", "out.html"],
                &["backup", "saved.db"],
                &["profile", "show"],
                &["sql", "SELECT 1"],
            ] {
                let args = [&["--db", db.as_str()][..], args].concat();
                let ran = world.run(&args);
                assert!(
                    !ran.stderr.contains("readonly database") && !ran.stderr.contains("unable to open"),
                    "{}",
                    ran.report()
                );
            }
            let _ = std::fs::remove_file(world.path("saved.db"));
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("is ours");
    }
}

#[test]
fn a_strict_look_and_an_empty_page_say_what_there_is() {
    let world = World::with_groups(2);
    let mention = json!({"type": "place", "mention": "Houston", "is_primary": true, "confidence": 0.9, "rank": 1});
    let answer = json!({"custom_id": "entity_*", "short_body": true, "output_text": {"entities": [mention]}});
    world.script(&json!({"answers": [answer]}));
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["resolve", "Ada Lovelance"]).exits(0).says("Ada Lovelace (person p1)");
    world.run(&["resolve", "Ada Lovelance", "--strict"]).exits(0).says("is sure enough for a strict link (85 %");
    world.run(&["resolve", "Wolfgang Quist", "--strict"]).exits(0).says("nothing in the catalog fits well enough");
    let n_waiting = world.json(&["unresolved"], 0)["different"].as_u64().expect("a number");
    assert!(n_waiting > 0);
    for page in [["--limit", "0"], ["--offset", "500"]] {
        let args = [&["unresolved"][..], &page].concat();
        world.run(&args).exits(0).says(&format!("0 of {n_waiting} different name")).says_not("every mention is linked");
    }
}

#[test]
fn a_file_that_begins_with_a_byte_order_mark_is_read_from_its_first_line() {
    let world = World::new();
    world.load_entities(&[json!({"id": "a", "type": "person", "name": "Ada Lovelace"})]);
    let path = world.path("mentions.jsonl").display().to_string();
    std::fs::write(&path, "\u{feff}{\"mention\":\"Ada Lovelace\"}\r\n{\"mention\":\"Lovelace, Ada\"}\r\n")
        .expect("is written");
    let ran = world.run(&["resolve", "--file", &path]).exits(0);
    let answers: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect();
    assert_eq!(answers.iter().map(|answer| &answer["entity_id"]).collect::<Vec<_>>(), ["a", "a"]);
    // Behind the first line it is no mark.
    std::fs::write(&path, "{\"mention\":\"Ada\"}\n\u{feff}{\"mention\":\"Ada Lovelace\"}\n").expect("is written");
    world.run(&["resolve", "--file", &path]).exits(3).says("mentions.jsonl:2");
}
