use serde_json::{Value, json};

use crate::harness::World;

/// A world with the football catalog and profile, and a few teams and games whose names are harder.
fn football() -> World {
    let world = World::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/samples/football");
    world.run(&["load", "entities", &format!("{folder}/entities.jsonl")]).exits(0);
    world.run(&["profile", "use", "football"]).exits(0);
    let game = |id: &str, name: &str, home: &str, away: &str| {
        json!({"id": id, "type": "game", "name": name,
            "attributes": {"home": home, "away": away, "season": "1950", "week": "1"}})
    };
    world.load_entities(&[
        json!({"id": "law", "type": "team", "name": "Stars at Law"}),
        json!({"id": "arrow", "type": "team", "name": "Arrow-Smiths"}),
        json!({"id": "k", "type": "game", "name": "Kramer vs. Kramer"}),
        game("law-arrow", "The opening night", "Stars at Law", "Arrow-Smiths"),
    ]);
    world
}

#[test]
fn a_game_is_found_through_its_two_teams_however_they_are_written() {
    let world = football();
    let check = |mention: &str, expected: &str| {
        let found = world.json(&["resolve", mention, "--type", "game"], 0);
        let shown = match found["entity_id"].as_str() {
            Some(id) => format!("{id} {}", found["method"].as_str().unwrap()),
            None => found["outcome"].as_str().unwrap().to_owned(),
        };
        assert_eq!(shown, expected, "{mention}: {found}");
    };
    for (mention, expected) in [
        // Two teams that meet twice a year are not one game.
        ("Chiefs vs Chargers", "ambiguous"),
        ("Chargers-Chiefs", "ambiguous"),
        ("the Chiefs–Chargers game", "ambiguous"),
        ("Chiefs v. Chargers (2018)", "ambiguous"),
        ("LAC/KC, Week 15", "ambiguous"),
        ("KC at LAC, Week 1", "2018-w1-kc-lac pair"),
        ("Week 1: KC @ LAC", "2018-w1-kc-lac pair"),
        ("Chargers-Chiefs, Week 1, 2018", "2018-w1-kc-lac pair"),
        ("LAC/KC 2018, week fifteen", "2018-w15-lac-kc pair"),
        ("LAC/KC 2018, week 15", "2018-w15-lac-kc pair"),
        ("KC at LAC, Week 1, 2018-19", "2018-w1-kc-lac pair"),
        // The other way round than it was.
        ("LAC at KC, Week 1", "2018-w1-kc-lac pair"),
        ("KC at LAC, Week 5", "unknown"),
        ("Chiefs vs. Zebras", "unknown"),
        ("Saints-Seahawks wild card game", "2010-wc-no-sea pair"),
        ("Arrow-Smiths vs Stars at Law", "law-arrow pair"),
        ("Arrow-Smiths at Stars at Law", "law-arrow pair"),
        ("Stars at Law-Arrow-Smiths", "law-arrow pair"),
        ("Arrow-Smiths at Chiefs", "unknown"),
        ("Kramer vs. Kramer", "k exact"),
        // Numerals are numbers, and one is not nearly another.
        ("Super Bowl LVII", "sb-57 exact"),
        ("Super Bowl 57", "sb-57 exact"),
        ("super bowl lvii", "sb-57 exact"),
        ("Super Bowl VII", "unknown"),
        ("Super Bowl XXI", "unknown"),
    ] {
        check(mention, expected);
    }
    // Without a type, and with hints that say what the text leaves open.
    world.run(&["resolve", "KC at LAC, Week 1"]).exits(0).says("game 2018-w1-kc-lac").says("by pair");
    let hints = ["--hint", "home=Chargers", "--hint", "away=Chiefs", "--hint", "week=1", "--hint", "season=2018"];
    let found = world.json(&[&["resolve", "the opener", "--type", "game"][..], &hints].concat(), 0);
    assert_eq!((&found["entity_id"], &found["score"]), (&json!("2018-w1-kc-lac"), &json!(0.97)));
}

#[test]
fn a_pair_says_why() {
    let world = football();
    let explain = |mention: &str| world.run(&["resolve", mention, "--type", "game", "--explain"]).exits(0);
    explain("KC at LAC, Week 1")
        .says("`KC` is Kansas City Chiefs")
        .says("the catalog has 14 of the two, 1 with week 1")
        .says("home: LAC, away: KC")
        .says("week 1 agrees")
        .says("season is 2018, the mention says none");
    explain("LAC at KC, Week 1").says("home: LAC, away: KC, the other way round than told");
    explain("KC at LAC, Week 5").says("0 with week 5").says("week is 1, not 5");
    explain("Chiefs vs. Zebras").says("`Zebras` names no member that the catalog knows");
    explain("Chiefs").says("the mention does not name two");
    world.run(&["resolve", "Chiefs", "--type", "team", "--explain"]).exits(0).says_not("does not name two");
    let found = world.json(&["resolve", "KC at LAC, Week 5", "--type", "game", "--explain"], 0);
    assert_eq!(found["remarks"][2], "the catalog has 14 of the two, 0 with week 5");
    let found: Value = world.json(&["resolve", "KC at LAC, Week 5", "--type", "game"], 0);
    assert_eq!(found.get("remarks"), None);
}
