use super::check;
use crate::harness::{World, catalog, group};

/// What `load` does to the database is tested in `tests/load.rs`.
#[test]
fn loading_says_what_to_do_next() {
    let world = World::new();
    world.write_lines("groups.jsonl", &[group(1), group(2)]);
    world.write_lines("entities.jsonl", &catalog());
    let groups = ["load", "groups", "groups.jsonl"];
    let entities = ["load", "entities", "entities.jsonl"];
    let dry_run = "hint: `gleaner batch create --dry-run` shows what would be asked and what it would cost";
    check(
        &world,
        &groups,
        0,
        &["2 groups: 2 new, 0 changed, 0 unchanged; 0 bad lines"],
        &[
            "written to `DIR/g.db`",
            "hint: `gleaner load entities FILE` gives mentions a catalog to be linked to",
            dry_run,
        ],
    );
    check(&world, &groups, 0, &["2 groups: 0 new, 0 changed, 2 unchanged; 0 bad lines"], &["written to `DIR/g.db`"]);
    check(
        &world,
        &entities,
        0,
        &["3 entities: 3 new, 0 changed, 0 unchanged; 0 bad lines"],
        &["written to `DIR/g.db`", dry_run],
    );

    world.script(&super::short_answers());
    world.run(&["batch", "create", "--wait", "--limit", "1"]).exits(0);
    world.write("entities.jsonl", "{\"id\":\"h\",\"type\":\"place\",\"name\":\"Houston\"}\n");
    check(
        &world,
        &entities,
        0,
        &["1 entity: 1 new, 0 changed, 0 unchanged; 0 bad lines"],
        &[
            "written to `DIR/g.db`",
            "hint: `gleaner resolve --all` links what was extracted before to the catalog as it is now",
        ],
    );
}

#[test]
fn a_mention_keeps_its_text_when_its_entity_goes() {
    let world = World::with_groups(1);
    world.script(&super::short_answers());
    world.run(&["batch", "create", "--wait"]).exits(0);
    let linked = "SELECT mention_text, entity_id, outcome FROM story_entities_named ORDER BY ordinal";
    assert_eq!(world.rows(linked), ["Ada Lovelace|p1|linked", "ESA|o2|linked", "Houston||unknown"]);
    world.write_lines("entities.jsonl", &catalog()[1..2]);
    let said = "1 entity: 0 new, 0 changed, 1 unchanged, 2 removed; 0 bad lines";
    check(&world, &["load", "entities", "entities.jsonl", "--replace"], 0, &[said], &["written to `DIR/g.db`"]);
    assert_eq!(world.rows(linked), ["Ada Lovelace||unknown", "ESA|o2|linked", "Houston||unknown"]);
}
