use super::*;
use crate::model::{Attributes, Decision, Entity, EntityId, EntityKey, Group, GroupId, Story, Target, Verdict};
use crate::store::explore::testing;

const NOW: &str = "2026-03-01T00:00:00Z";
const LATER: &str = "2026-03-02T00:00:00Z";

/// Every row of every table that people own or that follows from it, but for when it was changed and the hashes that
/// the small database makes up.
fn whole(read: Read<'_>) -> Vec<String> {
    let mut all = vec![];
    for table in &journal::TABLES {
        let columns: Vec<String> = journal::columns(read.0, table.name)
            .unwrap()
            .into_iter()
            .filter(|(name, _)| !["changed_at", "text_hash", "clean_hash"].contains(&name.as_str()))
            .map(|(name, _)| format!("quote({name})"))
            .collect();
        let sql =
            format!("SELECT {} FROM {} ORDER BY {}", columns.join(" || ' ' || "), table.name, table.key.join(", "));
        let mut statement = read.0.prepare(&sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        all.extend(rows.map(|row| format!("{} {}", table.name, row.unwrap())));
    }
    all
}

fn entity(id: &str, aliases: &[&str]) -> Entity {
    Entity {
        id: EntityId::new(id),
        entity_type: "person".into(),
        name: format!("Name of {id}"),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        attributes: Attributes::new(),
    }
}

fn group(id: &str, texts: &[&str]) -> Group {
    let story = |text: &&str| Story { text: (*text).to_owned(), ..Story::default() };
    Group {
        id: GroupId::new(id),
        title: Some(format!("Title of {id}")),
        status: Group::ACTIVE.into(),
        created_at: None,
        stories: texts.iter().map(story).collect(),
    }
}

fn taught(mention: &str, id: &str) -> Decision {
    let target = Target { entity_type: "person".into(), id: EntityId::new(id) };
    Decision {
        mention: mention.into(),
        mention_type: String::new(),
        hints: Attributes::new(),
        only_unlinked: false,
        verdict: Verdict::Is(target),
        decided_at: None,
    }
}

/// A write of the table below.
type Write = fn(&Tx<'_>);

const WRITES: [(&str, Write, &str); 14] = [
    (
        "an entity is added",
        |tx| {
            tx.load_entity(&entity("new", &["N", "M"]), NOW).unwrap();
        },
        r#"{"entities":{"added":1}}"#,
    ),
    (
        "an entity is changed",
        |tx| {
            let id = EntityId::new("nasa");
            let changed =
                Entity { entity_type: "organization".into(), id, name: "Agency".into(), ..entity("", &["A"]) };
            tx.load_entity(&changed, NOW).unwrap();
        },
        r#"{"entities":{"changed":1},"aliases":{"added":1,"removed":1}}"#,
    ),
    (
        "an entity is removed with its aliases, links and judgements",
        |tx| tx.remove_entity(EntityKey(1)).unwrap(),
        r#"{"entities":{"removed":1},"aliases":{"removed":1},"links":{"changed":1},"verdicts":{"changed":1}}"#,
    ),
    (
        "an entity is removed and its id is given again",
        |tx| {
            let last: i64 = tx.query_row("SELECT max(id) FROM entities", [], |row| row.get(0)).unwrap();
            tx.remove_entity(EntityKey(last)).unwrap();
            tx.load_entity(&entity("new", &["N"]), NOW).unwrap();
        },
        r#"{"entities":{"changed":1},"aliases":{"added":1,"removed":1},"links":{"changed":2}}"#,
    ),
    (
        "links move",
        |tx| {
            tx.move_links(EntityKey(1), EntityKey(2)).unwrap();
        },
        r#"{"links":{"changed":1},"verdicts":{"changed":1}}"#,
    ),
    (
        "a group is added",
        |tx| {
            tx.load_group(&group("g9", &["a", "b"]), Some([1; 16]), None, NOW).unwrap();
        },
        r#"{"groups":{"added":1},"stories":{"added":2}}"#,
    ),
    (
        "a group has other stories",
        |tx| {
            tx.load_group(&group("g1", &["a", "b", "c"]), Some([1; 16]), None, NOW).unwrap();
        },
        r#"{"groups":{"changed":1},"stories":{"added":3,"removed":1}}"#,
    ),
    (
        "the last group has other stories",
        |tx| {
            tx.load_group(&group("g3", &["a", "b"]), Some([1; 16]), None, NOW).unwrap();
        },
        r#"{"groups":{"changed":1},"stories":{"added":1,"changed":1}}"#,
    ),
    (
        "it is decided",
        |tx| {
            tx.decide("kc", &taught("KC", "a"), NOW).unwrap();
        },
        r#"{"decisions":{"added":1}}"#,
    ),
    (
        "another decision gives way",
        |tx| {
            tx.decide("old", &taught("Old", "b"), NOW).unwrap();
        },
        r#"{"decisions":{"changed":1}}"#,
    ),
    (
        "a decision speaks of another entity, about which there is one already",
        |tx| {
            tx.execute_batch("UPDATE mention_decisions SET target_external_id = 'c' WHERE target_external_id = 'b'")
                .unwrap();
            tx.decide("old", &taught("Old", "a"), NOW).unwrap();
            tx.execute_batch(
                "INSERT INTO mention_decisions (mention_key, mention, verdict, target_type, target_external_id, decided_at)
                 VALUES ('old', 'Old', 'is', 'person', 'b', '2026')",
            )
            .unwrap();
            let id =
                tx.query_row("SELECT id FROM mention_decisions WHERE target_external_id = 'a'", [], |row| row.get(0));
            tx.retarget_decision(id.unwrap(), &Target { entity_type: "person".into(), id: EntityId::new("b") })
                .unwrap();
        },
        r#"{"decisions":{"changed":1}}"#,
    ),
    (
        "topics are merged that stand in one group",
        |tx| {
            tx.merge_topic("moon landings", "moon landing", "Moon landing", NOW).unwrap();
        },
        r#"{"topic_decisions":{"added":1},"topics":{"added":2,"removed":2}}"#,
    ),
    (
        "a chain of topics is turned",
        |tx| {
            tx.merge_topic("chain b", "chain c", "Chain c", NOW).unwrap();
            tx.merge_topic("chain c", "chain a", "Chain a", NOW).unwrap();
        },
        r#"{"topic_decisions":{"added":2,"removed":1}}"#,
    ),
    (
        "a judgement is made",
        |tx| {
            tx.execute("UPDATE audit_items SET verdict = 'right', judged_at = '2026-01-01'", []).unwrap();
        },
        r#"{"verdicts":{"changed":1}}"#,
    ),
];

/// A database with something in each table.
fn store() -> Store {
    let mut store = testing::store();
    let tx = store.write().unwrap();
    tx.decide("old", &taught("Old", "a"), "2026-01-01T00:00:00Z").unwrap();
    tx.merge_topic("chain a", "chain b", "Chain b", "2026-01-01T00:00:00Z").unwrap();
    tx.execute_batch(
        "INSERT INTO audits VALUES (1, 'links', 1, '2026-01-01T00:00:00Z');
         INSERT INTO audit_items (audit_id, ordinal, stratum, weight, story_group_id, item, item_type, method, score, entity_id)
         VALUES (1, 1, 's', 0.1, 1, 'x', 'person', 'fuzzy', 0.30000000000000004, 1);
         UPDATE story_entities SET score = 0.1 + 0.2 WHERE entity_id IS NOT NULL",
    )
    .unwrap();
    tx.commit().unwrap();
    store
}

#[test]
fn whatever_is_written_is_taken_back_to_the_letter() {
    for (name, write, counts) in WRITES {
        let mut store = store();
        let before = whole(store.read());
        let change = Change::new("test", name, NOW);
        let tx = store.change(&change).unwrap();
        write(&tx);
        tx.commit().unwrap();
        assert_ne!(whole(store.read()), before, "{name}");
        let row = store.read().last_change().unwrap().unwrap();
        assert_eq!(row.counts.as_ref().unwrap().to_string(), counts, "{name}");
        let tx = store.write().unwrap();
        tx.undo_change(row.id, LATER).unwrap();
        tx.commit().unwrap();
        assert_eq!(whole(store.read()), before, "{name}");
        assert_eq!(store.read().change(row.id).unwrap().unwrap().undone_at.as_deref(), Some(LATER));
        assert_eq!(store.read().last_change().unwrap(), None);
        let n: i64 = store.connection.query_row("SELECT count(*) FROM change_rows", [], |row| row.get(0)).unwrap();
        assert_eq!(n, 0);
    }
}

#[test]
fn all_are_taken_back_newest_first() {
    let mut store = store();
    let before = whole(store.read());
    for (name, write, _) in WRITES {
        let change = Change::new("test", name, NOW);
        let tx = store.change(&change).unwrap();
        // Some have nothing left to change.
        write(&tx);
        tx.commit().unwrap();
    }
    for row in store.read().changes_since(1).unwrap() {
        let tx = store.write().unwrap();
        tx.undo_change(row.id, LATER).unwrap();
        tx.commit().unwrap();
    }
    assert_eq!(whole(store.read()), before);
}

#[test]
fn a_change_of_many_steps_is_one_and_one_of_nothing_is_none() {
    let mut store = store();
    let before = whole(store.read());
    let change = Change::of_many_steps("load", "a.csv", NOW);
    for ids in [["a", "b"], ["b", "nasa"], ["a", "c"]] {
        let tx = store.change(&change).unwrap();
        for (n, id) in ids.iter().enumerate() {
            let name = format!("{id} {n}");
            let entity_type = if *id == "nasa" { "organization" } else { "person" };
            tx.load_entity(&Entity { name, entity_type: entity_type.into(), ..entity(id, &[&format!("{n}")]) }, NOW)
                .unwrap();
        }
        tx.commit().unwrap();
    }
    assert_eq!(store.read().last_change().unwrap().unwrap().counts, None, "it is not finished");
    store.finish_change(&change).unwrap();
    let row = store.read().last_change().unwrap().unwrap();
    assert_eq!(
        row.counts.unwrap().to_string(),
        r#"{"entities":{"added":3,"changed":1},"aliases":{"added":1,"removed":1}}"#
    );
    let tx = store.write().unwrap();
    tx.undo_change(row.id, LATER).unwrap();
    tx.commit().unwrap();
    assert_eq!(whole(store.read()), before);

    let nothing = Change::of_many_steps("load", "a.csv", NOW);
    store.change(&nothing).unwrap().commit().unwrap();
    store.finish_change(&nothing).unwrap();
    assert_eq!((nothing.id(), store.read().last_change().unwrap()), (None, None));
}

#[test]
fn a_step_that_is_dropped_leaves_nothing_to_trip_over() {
    let mut store = store();
    let before = whole(store.read());
    let change = Change::new("test", "", NOW);
    let tx = store.change(&change).unwrap();
    tx.load_entity(&entity("x", &[]), NOW).unwrap();
    drop(tx);
    assert_eq!(whole(store.read()), before);
    let change = Change::new("test", "", NOW);
    let tx = store.change(&change).unwrap();
    tx.load_entity(&entity("x", &[]), NOW).unwrap();
    tx.commit().unwrap();
    assert_eq!(store.read().last_change().unwrap().unwrap().subject, None);
}

#[test]
fn what_another_program_changed_since_is_not_overwritten() {
    for (write, edit, expected) in [
        (
            0,
            "UPDATE entities SET name = 'Edited' WHERE external_id = 'new'",
            "change 1 cannot be undone: `person:new` of the table `entities` was changed since by another program",
        ),
        (
            1,
            "UPDATE entities SET name = 'Edited' WHERE external_id = 'nasa'",
            "change 1 cannot be undone: row 3 of the table `entities` was changed since by another program",
        ),
        (
            6,
            "UPDATE stories SET text = 'Edited' WHERE story_group_id = 1 AND ordinal = 1",
            "change 1 cannot be undone: `g1` of the table `story_groups` was changed since by another program",
        ),
    ] {
        let mut store = store();
        let (name, write, _) = WRITES[write];
        let change = Change::new("test", name, NOW);
        let tx = store.change(&change).unwrap();
        write(&tx);
        tx.commit().unwrap();
        store.connection.execute_batch(edit).unwrap();
        let now = whole(store.read());
        let tx = store.write().unwrap();
        assert_eq!(tx.undo_change(1, LATER).unwrap_err().to_string(), expected);
        drop(tx);
        assert_eq!(whole(store.read()), now);
    }
}

#[test]
fn what_is_taken_back_is_newer_than_the_change_in_every_copy() {
    let mut store = store();
    for write in [1, 2, 0] {
        let change = Change::new("test", "", NOW);
        let tx = store.change(&change).unwrap();
        WRITES[write].1(&tx);
        tx.commit().unwrap();
    }
    for row in store.read().changes_since(1).unwrap() {
        let tx = store.write().unwrap();
        tx.undo_change(row.id, LATER).unwrap();
        tx.commit().unwrap();
    }
    let ask = |sql: &str| store.connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(
        ask("SELECT group_concat(changed_at, ' ') FROM entities WHERE id IN (1, 3)"),
        format!("{LATER} {LATER}")
    );
    assert_eq!(
        ask("SELECT group_concat(key, ' ') FROM tombstones WHERE table_name = 'entities'"),
        r#"["person","new"]"#
    );
}

#[test]
fn what_is_only_listed_grows_where_it_goes_on() {
    let mut store = store();
    let tx = store.write().unwrap();
    for (subject, n) in [("run-1", 2), ("run-1", 3), ("run-2", 1)] {
        tx.note_change("extract", subject, HowUndone::None, &[("answers", n)], NOW).unwrap();
    }
    let listed: Vec<String> =
        tx.read().changes(9).unwrap().0.iter().map(|row| row.counts.as_ref().unwrap().to_string()).collect();
    assert_eq!(listed, [r#"{"answers":1}"#, r#"{"answers":5}"#]);
    tx.note_change("resolve --all", "", HowUndone::Derived, &[("links", 1)], NOW).unwrap();
    assert_eq!(tx.read().last_change().unwrap().unwrap().subject.as_deref(), Some("run-2"));
}
