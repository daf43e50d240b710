use crate::harness::World;

const PAGE: &str = include_str!("../../docs/collections.md");

/// Returns the blocks of the page in a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = vec![];
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        if let Some(found) = line.strip_prefix("```").filter(|found| !found.is_empty()) {
            let block: String =
                lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
            if found == language {
                blocks.push(block);
            }
        }
    }
    blocks
}

/// The page on collections is a session: its files, checked by its commands, then used for real.
#[test]
fn a_third_collection_is_files_and_the_commands_of_its_page() {
    let world = World::new();
    let json = blocks("json");
    let [groups, entities, gold] = &json[..] else { panic!("groups, entities, gold: {}", json.len()) };
    let toml = blocks("toml");
    let [profile, allowed] = &toml[..] else { panic!("a profile and a table of it: {}", toml.len()) };
    for (name, text) in [("groups.jsonl", groups), ("entities.jsonl", entities), ("cycling.toml", profile)] {
        world.write(name, text);
    }
    world.write("chosen.toml", &format!("{profile}{allowed}"));
    world.run(&["profile", "check", "chosen.toml"]).exits(0);

    let sessions = blocks("sh");
    let [topics_session, session] = &sessions[..] else { panic!("two sessions: {}", sessions.len()) };
    let mut said = vec![];
    for line in session.lines() {
        let args: Vec<&str> = line.strip_prefix("gleaner ").expect("a command of ours").split(' ').collect();
        let ran = world.run(&args).exits(0);
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{}", ran.report());
        // A dry run shows what the first groups would be; the last line counts.
        said.push(format!("{}\n", ran.stdout.lines().last().unwrap_or_default()));
    }
    let n = |text: &String| text.lines().count();
    assert_eq!(
        said,
        [
            "cycling.toml: nothing is wrong with it\n".to_owned(),
            format!(
                "{0} group: {0} new, 0 changed, 0 unchanged; 0 bad lines (dry run: nothing was written)\n",
                n(groups)
            ),
            format!(
                "{0} entities: {0} new, 0 changed, 0 unchanged; 0 bad lines (dry run: nothing was written)\n",
                n(entities)
            ),
        ]
    );
    assert!(!world.db.exists(), "`check` and `--dry-run` write nothing");
    assert!(world.journal().calls.is_empty(), "and need no network");

    // Then for real, into a scratch file, answered with the gold as a good model would.
    let scratch = ["--db", "scratch.db"];
    for args in [
        &["load", "groups", "groups.jsonl"][..],
        &["load", "entities", "entities.jsonl"],
        &["profile", "use", "cycling.toml"],
    ] {
        world.run(&[args, &scratch].concat()).exits(0);
    }
    let gold: Vec<serde_json::Value> =
        gold.lines().map(|line| serde_json::from_str(line).expect("gold is JSON")).collect();
    let mention = |line: &serde_json::Value| {
        let mut mention = line["hints"].as_object().expect("hints").clone();
        mention.extend([
            ("type".to_owned(), line["type"].clone()),
            ("mention".to_owned(), line["mention"].clone()),
            ("is_primary".to_owned(), true.into()),
            ("confidence".to_owned(), 0.9.into()),
            ("rank".to_owned(), 1.into()),
        ]);
        serde_json::Value::Object(mention)
    };
    let entities: Vec<_> = gold.iter().map(mention).collect();
    let topics = serde_json::json!({"topics": [{"topic": "time trial", "confidence": 0.9, "rank": 1}]});
    world.script(&serde_json::json!({"answers": [
        {"custom_id": "topic_*", "output_text": topics},
        {"custom_id": "entity_*", "output_text": {"entities": entities}},
    ]}));
    world.run(&[&["batch", "create", "--wait"], &scratch[..]].concat()).exits(0);
    let db = rusqlite::Connection::open(world.path("scratch.db")).expect("the scratch file is a database");
    let linked = crate::harness::rows(
        &db,
        "SELECT group_id, mention_text, entity_id FROM story_entities_named ORDER BY ordinal",
    );
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let expected: Vec<String> = gold
        .iter()
        .map(|g| format!("{}|{}|{}", text(&g["group_id"]), text(&g["mention"]), text(&g["entity_id"])))
        .collect();
    assert_eq!(linked, expected);

    // The topics that came are those to choose from next time; the page's own collection is too small for three groups.
    for line in topics_session.lines() {
        let command = line.split_once('#').map_or(line, |(command, _)| command).replace("groups 3", "groups 1");
        let args = command.split_whitespace().skip(1).chain(scratch).collect::<Vec<_>>();
        world.run(&args).exits(0);
    }
    let chosen = std::fs::read_to_string(world.path("mine.toml")).expect("was written");
    assert!(chosen.contains("topics = [\n    \"time trial\",\n]"), "{chosen}");
}
