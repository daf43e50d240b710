//! The interactive walks, on a pseudo-terminal: what is shown, and that each key does what it says.
//!
//! A transcript is compared whole, what was typed included as the terminal shows it.

use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{Command, open};
use serde_json::json;

use crate::harness::{World, catalog, group};

/// Silence after which the program hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the program on a terminal of 80 columns; types each key when its question stands there. Returns all that was
/// shown, and the exit code.
#[track_caller]
pub(crate) fn walk(world: &World, args: &[&str], keys: &[(&str, &str)]) -> (String, Option<i32>) {
    let (pty, pts) = open().expect("a pseudo-terminal can be made");
    pty.resize(Size::new(24, 80)).expect("it has a size");
    let plain = world.command(args);
    // Without echo: a key that arrives before it is asked for would else stand there twice.
    let mut command = Command::new("/bin/sh").args(["-c", "stty -echo && exec \"$0\" \"$@\""]);
    command = command.arg(plain.get_program()).args(plain.get_args()).env_clear().env("PATH", "/usr/bin:/bin");
    for (name, value) in plain.get_envs() {
        command = command.env(name, value.unwrap_or_default());
    }
    let command = command.env("TERM", "xterm").env("NO_COLOR", "1").current_dir(world.path(""));
    let mut child = command.spawn(pts).expect("the program was built");
    let pty = std::sync::Arc::new(pty);
    let (sender, shown) = channel();
    let reader = std::sync::Arc::clone(&pty);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        // The end of the program is an error to who reads its terminal.
        while let Ok(n) = (&*reader).read(&mut bytes) {
            if n == 0 || sender.send(String::from_utf8_lossy(&bytes[..n]).into_owned()).is_err() {
                break;
            }
        }
    });
    let mut transcript = String::new();
    let mut seen = 0;
    for (question, key) in keys {
        seen = until(&shown, &mut transcript, seen, question);
        (&*pty).write_all(key.as_bytes()).expect("it listens");
    }
    while let Ok(more) = shown.recv_timeout(PATIENCE) {
        transcript.push_str(&more);
    }
    let code = child.wait().expect("the program can be waited for").code();
    let shown = transcript.replace("\r\n", "\n");
    world.has_shown(args, &shown, code);
    (shown, code)
}

#[test]
fn a_workbook_is_not_written_onto_a_terminal() {
    let world = World::with_groups(1);
    for args in [&["export", "groups", "--format", "xlsx"][..], &["export", "--format", "xlsx", "-o", "-"]] {
        let (shown, code) = walk(&world, args, &[]);
        assert!(code == Some(2) && shown.contains("-o FILE.xlsx"), "{shown}");
    }
    // A pipe takes it.
    world.run(&["export", "groups", "--format", "csv"]).exits(0);
}

/// Reads on until the text stands behind `from`; returns where it ends.
#[track_caller]
fn until(shown: &Receiver<String>, transcript: &mut String, from: usize, text: &str) -> usize {
    loop {
        if let Some(at) = transcript[from..].find(text) {
            return from + at + text.len();
        }
        match shown.recv_timeout(PATIENCE) {
            Ok(more) => transcript.push_str(&more),
            Err(_) => panic!("`{text}` never appeared\n{transcript}"),
        }
    }
}

/// Line that comes first, since only a sandbox was asked.
const REHEARSAL: &str = "a rehearsal: a sandbox gave these answers, and no model\n";

/// Two groups, asked and answered; NASA and Ada Lovelace are not in the catalog.
fn world() -> World {
    let world = World::new();
    world.load_groups(&[group(1), group(2)]);
    world.load_entities(&catalog()[1..2]);
    world.load_entities(&[json!({"id": "p2", "type": "person", "name": "Ada Byron"})]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

#[test]
fn mentions_are_decided_key_by_key_and_taken_back() {
    let world = world();
    let asked = "[1-9/n/o/c/l/h/e/s/u/q/?] ";
    let keys = [
        (asked, "u"),
        (asked, "1"),
        (asked, "u"),
        (asked, "?"),
        (asked, "n"),
        (asked, "o"),
        ("none)? ", "nobody\n"),
        ("none)? ", "\n"),
        (asked, "c"),
        ("none)? ", "NASA\n"),
        ("none)? ", "organization:o2\n"),
        ("none)? ", "organization:nasa\n"),
    ];
    let (shown, code) = walk(&world, &["unresolved", "walk"], &keys);
    assert_eq!((shown, code), (format!("{REHEARSAL}{MENTIONS}"), Some(0)));
    let decided = "SELECT mention, verdict FROM mention_decisions";
    assert_eq!(world.rows(decided), ["Ada Lovelace|nothing", "NASA|is"]);
    assert_eq!(world.count("SELECT count(*) FROM story_entities WHERE method = 'decision'"), 2);
}

#[test]
fn a_sample_is_judged_key_by_key() {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let asked = "[y/n/s/u/q/?] ";
    let keys = [(asked, "y"), (asked, "u"), (asked, "?"), (asked, "s"), (asked, "q")];
    let (shown, code) = walk(&world, &["audit", "--sample", "4"], &keys);
    assert_eq!((shown, code), (format!("{REHEARSAL}{SAMPLE}"), Some(0)));
    assert_eq!(world.rows("SELECT ordinal, verdict FROM audit_items WHERE verdict IS NOT NULL"), ["1|unsure"]);
}

#[test]
fn topics_are_merged_or_kept_apart_key_by_key() {
    let world = world();
    world
        .sql()
        .execute_batch("UPDATE story_topics SET topic = 'trades', label = 'trades' WHERE story_group_id = 1")
        .unwrap();
    world
        .sql()
        .execute_batch("UPDATE story_topics SET topic = 'trade', label = 'trade' WHERE story_group_id = 2")
        .unwrap();
    let asked = "[m/r/k/s/u/q/?] ";
    let keys = [(asked, "x"), (asked, "?"), (asked, "m")];
    let (shown, code) = walk(&world, &["topics", "dedupe"], &keys);
    assert_eq!((shown.as_str(), code), (TOPICS, Some(0)));
    assert_eq!(world.rows("SELECT DISTINCT topic FROM story_topics"), ["trade"]);
}

#[test]
fn what_is_wrong_in_a_sample_is_corrected_key_by_key() {
    let world = World::with_groups(2);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let (asked, named) = ("[y/n/s/u/q/?] ", "none of the catalog)? ");
    let keys = [
        (asked, "n"),
        (named, "nobody\n"),
        (named, "o1\n"),
        (asked, "u"),
        (asked, "n"),
        (named, "none\n"),
        (asked, "n"),
        (named, "\n"),
        (asked, "x"),
        (asked, "\u{1b}"),
    ];
    let (_, code) = walk(&world, &["audit", "--sample", "3", "--seed", "1"], &keys);
    assert_eq!(code, Some(0));
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions"), 2);
}

#[test]
fn of_mentions_each_other_key_does_what_it_says() {
    let world = world();
    let asked = "[1-9/n/o/c/l/h/e/s/u/q/?] ";
    let keys = [(asked, "s"), (asked, "u"), (asked, "e"), (asked, "l"), (asked, "9"), (asked, "q")];
    let (_, code) = walk(&world, &["unresolved", "walk"], &keys);
    assert_eq!(code, Some(0));
    assert_eq!(world.count("SELECT count(*) FROM mention_decisions"), 0);
}

#[test]
fn hints_that_a_mention_has_elsewhere_are_shown_and_decided_apart() {
    let world = world();
    let (usa, france) = (r#"{"country":"United States"}"#, r#"{"country":"France"}"#);
    let change = "UPDATE story_entities SET hints = ?1 WHERE mention_text = 'Ada Lovelace' AND story_group_id = ?2";
    for (hints, group) in [(usa, 1), (france, 2)] {
        world.sql().execute(change, (hints, group)).unwrap();
    }
    let asked = "[1-9/n/o/c/l/h/e/s/u/q/?] ";
    let keys = [(asked, "h"), (asked, "n"), (asked, "u"), (asked, "h"), (asked, "n"), (asked, "q")];
    let (_, code) = walk(&world, &["unresolved", "walk"], &keys);
    assert_eq!(code, Some(0));
    assert_eq!(
        world.rows("SELECT mention, hints, verdict FROM mention_decisions"),
        [format!("Ada Lovelace|{france}|nothing")]
    );
    world.run(&["unresolved"]).exits(0).says("country: United States");
}

#[test]
fn of_topics_each_other_key_does_what_it_says() {
    let world = world();
    world
        .sql()
        .execute_batch(
            "UPDATE story_topics SET topic = 'trades', label = 'trades' WHERE story_group_id = 1;
             UPDATE story_topics SET topic = 'trade', label = 'trade' WHERE story_group_id = 2",
        )
        .unwrap();
    let asked = "[m/r/k/s/u/q/?] ";
    let keys = [(asked, "u"), (asked, "q")];
    assert_eq!(walk(&world, &["topics", "dedupe"], &keys).1, Some(0));
    assert_eq!(walk(&world, &["topics", "dedupe"], &[(asked, "s")]).1, Some(0));
    assert_eq!(walk(&world, &["topics", "dedupe"], &[(asked, "r")]).1, Some(0));
    assert_eq!(world.rows("SELECT DISTINCT topic FROM story_topics"), ["trades"]);
    world.run(&["undo"]).exits(0);
    assert_eq!(walk(&world, &["topics", "dedupe"], &[(asked, "k")]).1, Some(0));
    assert_eq!(world.rows("SELECT DISTINCT topic FROM story_topics ORDER BY 1"), ["trade", "trades"]);
    assert_eq!(walk(&world, &["topics", "dedupe"], &[]).1, Some(0), "they are apart for good");
}

#[test]
fn files_at_the_provider_are_deleted_after_a_yes() {
    let world = World::with_groups(1);
    world.run(&["batch", "create", "--wait"]).exits(0);
    let asked = "? [y/N] ";
    for answer in ["n\n", "\n", "Yes please\n"] {
        assert_eq!(walk(&world, &["batch", "clean"], &[(asked, answer)]).1, Some(1));
    }
    assert_eq!(world.journal().n_calls("files.delete"), 0);
    assert_eq!(walk(&world, &["batch", "clean"], &[(asked, "y\n")]).1, Some(0));
    assert!(world.journal().n_calls("files.delete") > 0);
}

#[test]
fn a_key_is_typed_without_being_shown() {
    let world = World::new();
    let set = ["key", "set"];
    let (shown, code) = walk(&world, &set, &[("as you type): ", "sk-secret-of-mine\n")]);
    assert!(!shown.contains("secret-of"), "{shown}");
    assert_eq!(code, Some(0));
    let (_, code) = walk(&world, &set, &[("as you type): ", "\n")]);
    assert_eq!(code, Some(2));
    world.run(&["key", "list"]).exits(0);
}

const MENTIONS: &str = "\
1-9 it is that candidate · n none of the catalog · o another entity · c create one · ? all keys

1 of 2
    2  Ada Lovelace  person
       in 2000-01-03  Title 2  g2
       in 2000-01-02  Title 1  g1
       1  Ada Byron  6 %  person:p2
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
Ada Lovelace: 2 mentions in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] u
there is nothing to undo
Ada Lovelace: 2 mentions in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] 1
2 mentions changed in 2 groups looked at: 2 linked, 0 unlinked

2 of 2
    1  NASA  organization
       in 2000-01-03  Title 2  g2
       1  European Space Agency  5 %  organization:o2
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
NASA: 1 mention in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] u

1 of 2
    2  Ada Lovelace  person
       in 2000-01-03  Title 2  g2
       in 2000-01-02  Title 1  g1
       1  Ada Byron  6 %  person:p2
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
Ada Lovelace: 2 mentions in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] ?
1-9  it is that candidate
n    it is none of the catalog
o    it is another entity, which you name
c    it is one that the catalog lacks, which you name
l    decide only here: for mentions that nothing links (so it begins)
h    decide for every mention with these hints
e    decide for every mention of that name and type, also the linked ones
s    skip it
u    undo the last decision and go back to it
q    quit; every decision is saved at once
?    this help
Ada Lovelace: 2 mentions in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] n
0 mentions changed in 2 groups looked at: 0 linked, 0 unlinked

2 of 2
    1  NASA  organization
       in 2000-01-03  Title 2  g2
       1  European Space Agency  5 %  organization:o2
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
NASA: 1 mention in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] o
which entity (id, TYPE:ID or name; empty: none)? error: no entity of the catalog is called `nobody`
hint: `gleaner catalog list TEXT` finds names with a text in them
which entity (id, TYPE:ID or name; empty: none)? NASA: 1 mention in this queue
[1-9/n/o/c/l/h/e/s/u/q/?] c
TYPE:ID of the new entity (empty: none)? `NASA` is not TYPE:ID
TYPE:ID of the new entity (empty: none)? the catalog has `organization:o2` already; `o` links to it
TYPE:ID of the new entity (empty: none)? 1 mention changed in 1 group looked at: 1 linked, 0 unlinked
2 decisions saved
";

const TOPICS: &str = "\
m merge · r merge the other way round · k keep apart · s skip · u undo · q quit · ? this help; all is saved at once
1.00  trades (1)  →  trade (1)
      as in Title 1  g1
[m/r/k/s/u/q/?] x
1.00  trades (1)  →  trade (1)
      as in Title 1  g1
[m/r/k/s/u/q/?] ?
m merge · r merge the other way round · k keep apart · s skip · u undo · q quit · ? this help; all is saved at once
1.00  trades (1)  →  trade (1)
      as in Title 1  g1
[m/r/k/s/u/q/?] m
1 group changed
1 decision saved
";

const SAMPLE: &str = "\
y right · n wrong · s unsure · u undo · q quit · ? this help; every verdict is saved at once

1 of 4
European Space Agency  is  European Space Agency
organization:o2
exact 98 %
in 2000-01-02  Title 1
  Story 1: Ada Lovelace sold engines to the European Space Agency on a trade fair.
[y/n/s/u/q/?] y

2 of 4
Ada Lovelace  is  Ada Lovelace
person:p1
exact 98 %
in 2000-01-03  Title 2
  Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
[y/n/s/u/q/?] u

1 of 4
European Space Agency  is  European Space Agency
organization:o2
exact 98 %
in 2000-01-02  Title 1
  Story 1: Ada Lovelace sold engines to the European Space Agency on a trade fair.
[y/n/s/u/q/?] ?
y right · n wrong · s unsure · u undo · q quit · ? this help; every verdict is saved at once
[y/n/s/u/q/?] s

2 of 4
Ada Lovelace  is  Ada Lovelace
person:p1
exact 98 %
in 2000-01-03  Title 2
  Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
[y/n/s/u/q/?] q
1 verdict and 0 decisions saved
a sample of 4 items is drawn and waits
hint: `gleaner audit` on a terminal asks about one after the other; `--to FILE.csv` makes a table of it
";

/// Of two Ada Lovelaces one works for the agency that the first story names: there the context tells who is meant.
fn namesakes() -> World {
    let world = World::new();
    world.load_groups(&[group(1), group(2)]);
    world.load_entities(&[
        json!({"id": "o2", "type": "organization", "name": "European Space Agency"}),
        json!({"id": "o1", "type": "organization", "name": "NASA"}),
        json!({"id": "p1", "type": "person", "name": "Ada Lovelace", "attributes": {"employer": "European Space Agency"}}),
        json!({"id": "p2", "type": "person", "name": "Ada Lovelace", "attributes": {"employer": "Lockheed"}}),
    ]);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world
}

#[test]
fn a_decision_says_whom_it_changes_before_it_is_made() {
    let asked = "[1-9/n/o/c/l/h/e/s/u/q/?] ";
    let links =
        "SELECT g.external_id, e.external_id, m.method FROM story_entities m JOIN entities e ON e.id = m.entity_id
                 JOIN story_groups g ON g.id = m.story_group_id WHERE m.mention_text = 'Ada Lovelace' ORDER BY 1";
    for (keys, expected) in [
        (vec![(asked, "h"), (asked, "1")], ["g1|p1|context", "g2|p2|decision"]),
        (vec![(asked, "e"), (asked, "1")], ["g1|p2|decision", "g2|p2|decision"]),
    ] {
        let world = namesakes();
        assert_eq!(world.rows(links), ["g1|p1|context"]);
        let (shown, code) = walk(&world, &["unresolved", "walk"], &keys);
        let expected_text = format!("{REHEARSAL}{}", if keys[0].1 == "h" { ONLY_HERE } else { EVERYWHERE });
        assert_eq!((shown, code), (expected_text, Some(0)));
        assert_eq!(world.rows(links), expected);
        // It holds as it was said, whatever is made anew.
        world.run(&["rebuild"]).exits(0);
        assert_eq!(world.rows(links), expected);
        world.run(&["export", "catalog", "-o", "catalog.jsonl"]).exits(0);
        world.sql().execute_batch("DELETE FROM mention_decisions").unwrap();
        world.run(&["load", "entities", "catalog.jsonl"]).exits(0);
        world.run(&["resolve", "--all"]).exits(0);
        assert_eq!(world.rows(links), expected, "and in a file of the catalog");
    }
}

const ONLY_HERE: &str = "\
1-9 it is that candidate · n none of the catalog · o another entity · c create one · ? all keys

1 of 1
    1  Ada Lovelace  person
       in 2000-01-03  Title 2  g2
       1  Ada Lovelace  49 %  person:p2  employer: Lockheed
       2  Ada Lovelace  49 %  person:p1  employer: European Space Agency
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
Ada Lovelace: 1 mention in this queue, 1 more linked by context stays as it is
[1-9/n/o/c/l/h/e/s/u/q/?] h
there are no hints here
Ada Lovelace: 1 mention in this queue, 1 more linked by context stays as it is
[1-9/n/o/c/l/h/e/s/u/q/?] 1
1 mention changed in 2 groups looked at: 1 linked, 0 unlinked
1 decision saved
";
const EVERYWHERE: &str = "\
1-9 it is that candidate · n none of the catalog · o another entity · c create one · ? all keys

1 of 1
    1  Ada Lovelace  person
       in 2000-01-03  Title 2  g2
       1  Ada Lovelace  49 %  person:p2  employer: Lockheed
       2  Ada Lovelace  49 %  person:p1  employer: European Space Agency
       2000-01-03  Title 2
       Story 2: NASA flew to the moon, said Ada Lovelace in Houston.
Ada Lovelace: 1 mention in this queue, 1 more linked by context stays as it is
[1-9/n/o/c/l/h/e/s/u/q/?] e
Ada Lovelace: 1 mention in this queue, 1 more linked by context changes with them
[1-9/n/o/c/l/h/e/s/u/q/?] 1
2 mentions changed in 2 groups looked at: 1 linked, 0 unlinked, 1 moved to another entity
1 decision saved
";

#[test]
fn synonyms_are_decided_key_by_key_with_what_they_share() {
    let world = crate::topics::synonyms();
    let (_, code) = walk(&world, &["topics", "dedupe", "--neighbours"], &[("[m/r/k/s/u/q/?] ", "k")]);
    assert_eq!(code, Some(0));
    let decided = "SELECT topic, verdict, target FROM topic_decisions";
    assert_eq!(world.rows(decided), ["automotive sector|not|car industry"]);
    assert_eq!(walk(&world, &["topics", "dedupe", "--neighbours"], &[]).1, Some(0), "they are apart for good");
}
