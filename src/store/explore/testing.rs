//! A small database for the tests of this room: three groups about the Moon.

use crate::model::{
    Entity, EntityId, EntityKey, Group, GroupId, GroupKey, LinkOutcome, Mention, RequestKey, Story, Topic,
};
use crate::store::{LinkedMention, Provenance, Store, Tx};

/// Makes the database.
pub(in crate::store) fn store() -> Store {
    let mut store = Store::open_in_memory("2026-01-01T00:00:00Z").unwrap();
    let tx = store.write().unwrap();
    tx.execute_batch(
        "INSERT INTO prompts (id, fingerprint, kind, model, endpoint, parameters, instructions, schema_name, schema,
                           created_at, item_limit)
         VALUES (1, 'f', 'topic', 'm', '/v1/responses', '{}', 'i', 's', '{}', '2026-01-01T00:00:00Z', 10),
                                 (2, 'g', 'entity', 'm', '/v1/responses', '{}', 'i', 's', '{}', '2026-01-01T00:00:00Z', 20);
         INSERT INTO runs (id, mode, origin_id, created_at, file_stem, n_groups, n_requests)
         VALUES ('run-1', 'direct', NULL, '2026-01-01T00:00:00Z', NULL, 3, 6);",
    )
    .unwrap();
    for (id, entity_type, name, alias) in [
        ("neil", "person", "Neil Armstrong", "Armstrong"),
        ("louis", "person", "Louis Armstrong", "Armstrong"),
        ("nasa", "organization", "NASA", "National Aeronautics and Space Administration"),
    ] {
        let entity = Entity {
            id: EntityId::new(id),
            entity_type: entity_type.into(),
            name: name.into(),
            aliases: vec![alias.into()],
            attributes: Default::default(),
        };
        tx.load_entity(&entity, "2026-01-01T00:00:00Z").unwrap();
    }
    for (n, title, text, topics, mentions) in [
        (
            1,
            "Landing",
            "Armstrong of NASA stepped onto the Moon.",
            ["Moon landing", "NASA"],
            [("Armstrong", 1), ("NASA", 3)],
        ),
        (2, "Again", "NASA lands again.", ["Moon landings", "Budget"], [("NASA", 3), ("Nobody", 0)]),
        (3, "Concert", "Armstrong played the trumpet.", ["Jazz", "Moon landings"], [("Armstrong", 2), ("Nobody", 0)]),
    ] {
        let group = Group {
            id: GroupId::new(format!("g{n}")),
            title: Some(title.into()),
            status: Group::ACTIVE.into(),
            created_at: Some(format!("1969-07-0{n}")),
            stories: vec![Story { text: text.into(), ..Story::default() }],
        };
        tx.load_group(&group, Some([n as u8; 16]), None, "2026-01-01T00:00:00Z").unwrap();
        answer_topics(&tx, n, &topics);
        let mentions: Vec<LinkedMention> =
            mentions.iter().enumerate().map(|(i, m)| mention(i as u32 + 1, *m)).collect();
        tx.replace_mentions(&source(&tx, n, "entity"), &mentions).unwrap();
    }
    tx.commit().unwrap();
    store
}

/// Gives a group these topics.
pub(in crate::store) fn answer_topics(tx: &Tx<'_>, group: i64, topics: &[&str]) {
    let topics: Vec<Topic> = topics
        .iter()
        .enumerate()
        .map(|(i, label)| Topic {
            topic: label.to_lowercase(),
            label: (*label).to_owned(),
            confidence: 0.9,
            rank: i as u32 + 1,
        })
        .collect();
    tx.replace_topics(&source(tx, group, "topic"), &topics).unwrap();
}

fn mention(rank: u32, (text, entity): (&str, i64)) -> LinkedMention {
    let is_linked = entity > 0;
    LinkedMention {
        mention: Mention {
            entity_type: "person".into(),
            text: text.into(),
            hints: Default::default(),
            is_primary: rank == 1,
            confidence: 0.9,
            rank,
        },
        key: crate::resolve::mention_key(text),
        entity: is_linked.then_some(EntityKey(entity)),
        outcome: if is_linked { LinkOutcome::Linked } else { LinkOutcome::Unknown },
        method: if is_linked { "alias".into() } else { "none".into() },
        score: if is_linked { 0.95 } else { 0.1 },
        grounded: None,
    }
}

fn source(tx: &Tx<'_>, group: i64, kind: &str) -> Provenance {
    let prompt = if kind == "topic" { 1 } else { 2 };
    tx.execute(
        "INSERT INTO requests (story_group_id, kind, prompt_id, text_hash, run_id, state) VALUES (?1, ?2, ?3, x'00', 'run-1',
             'usable')",
        (group, kind, prompt),
    )
    .unwrap();
    Provenance {
        group: GroupKey(group),
        request: RequestKey(tx.last_insert_rowid()),
        prompt: crate::model::PromptKey(prompt),
        batch: None,
        extracted_at: None,
    }
}
