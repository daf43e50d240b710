use std::fs;

use serde_json::json;

use super::one;
use crate::harness::World;

/// A world of groups that differ in age, status and text.
fn world() -> World {
    let world = World::new();
    // Groups with the same text would be asked once.
    let text = |id: &str| format!("Some text, {id}.");
    world.load_groups(&[
        json!({"id": "d", "text": text("d")}),
        json!({"id": "e", "text": text("e")}),
        json!({"id": "a", "text": text("a"), "created_at": "2024-01-01"}),
        json!({"id": "b", "text": text("b"), "created_at": "2024-03-01"}),
        json!({"id": "c", "stories": [{"text": text("c"), "published_at": "2024-02-01"}, {"text": text("c"), "published_at": "2024-02-15T10:00:00Z"}]}),
        json!({"id": "archived", "text": text("archived"), "created_at": "2025-01-01", "status": "archived"}),
        json!({"id": "empty", "text": "  \n", "created_at": "2025-01-01"}),
        json!({"id": "h", "text": text("h"), "created_at": "2024-03-01T12:00:00Z"}),
    ]);
    world
}

/// Returns the groups in the request file, in its order.
fn sent(world: &World) -> String {
    let Some(path) = world.rows("SELECT input_file_path FROM batches").pop() else { return String::new() };
    let text = fs::read_to_string(world.path(&path)).expect("a request file");
    let ids = text.lines().filter_map(|line| line.strip_prefix("{\"custom_id\":\"topic_")?.split('"').next());
    ids.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(args: &[&str], expected: &str) {
    let world = world();
    world.run(&[&["batch", "create", "--no-submit"], args].concat()).exits(0);
    assert_eq!(sent(&world), expected, "{args:?}");
}

#[test]
fn groups_are_sent_newest_first_as_far_as_they_are_meant() {
    check(&[], "h b c a d e");
    check(&["--limit", "2"], "h b");
    check(&["--since", "2024-02-15"], "h b c");
    check(&["--until", "2024-02-15"], "c a");
    check(&["--until", "2024-02-14"], "a");
    check(&["--since", "2024-03-01T12:00:00Z"], "h");
    check(&["--since", "2024-01-02", "--until", "2024-02-29", "--limit", "5"], "c");
    check(&["--since", "2024-03-02"], "");
    check(&["--limit", "0"], "");
}

#[test]
fn ids_may_be_given_in_a_file_or_on_stdin() {
    let world = world();
    world.write("ids.txt", "e\n\n  a \nnobody\narchived\n");
    let ran = world.run(&["batch", "create", "--no-submit", "--ids-from", "ids.txt"]).exits(0);
    assert!(ran.stderr.starts_with("warning: not in the database: `nobody`\n"), "{}", ran.report());
    assert_eq!(sent(&world), "a e");

    let world = self::world();
    world.run_with_stdin(&["batch", "create", "--no-submit", "--ids-from", "-"], "b\nh\n").exits(0);
    assert_eq!(sent(&world), "h b");
    world.run(&["batch", "create", "--no-submit", "--ids-from", "none.txt"]).exits(2).says("cannot read `none.txt`");
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let draw = |seed: &str| {
        let world = world();
        world.run(&["batch", "create", "--no-submit", "--sample", "3", "--seed", seed]).exits(0);
        sent(&world)
    };
    let first = draw("7");
    assert_eq!(first, draw("7"));
    assert_eq!(first.split(' ').count(), 3);
    assert!(["1", "2", "3", "4"].iter().any(|seed| draw(seed) != first), "seeds differ");
}

/// What is pending or answered is passed over: a limit counts groups that are sent.
#[test]
fn a_limit_goes_on_where_the_last_one_ended() {
    let world = world();
    for expected in ["h b", "c a", "d e", ""] {
        world.run(&["batch", "create", "--no-submit", "--limit", "2"]).exits(0);
        let path = world.rows("SELECT max(id), input_file_path FROM batches").pop().unwrap_or_default();
        let n_runs = world.count("SELECT count(*) FROM runs");
        if expected.is_empty() {
            assert_eq!(n_runs, 3);
        } else {
            let text = fs::read_to_string(world.path(path.split('|').nth(1).expect("a path"))).expect("a request file");
            let ids = text.lines().filter_map(|line| line.strip_prefix("{\"custom_id\":\"topic_")?.split('"').next());
            assert_eq!(ids.collect::<Vec<_>>().join(" "), expected);
        }
    }
    assert_eq!(one(&world, "SELECT count(*) FROM requests"), "12");
}
