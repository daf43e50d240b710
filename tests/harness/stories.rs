//! Stories and a catalog for worlds, and what the sandbox finds in them.

use gleaner::door::model::{Entity, EntityId};
use gleaner::door::sandbox::{Dictionary, Keyword};
use serde_json::{Value, json};

/// Group number `n`, `g<n>`: one short story about the moon or about trade, with names of the catalog.
pub(crate) fn group(n: usize) -> Value {
    let (day, month) = (n % 28 + 1, n / 28 % 12 + 1);
    let text = match n % 2 {
        0 => format!("Story {n}: NASA flew to the moon, said Ada Lovelace in Houston."),
        _ => format!("Story {n}: Ada Lovelace sold engines to the European Space Agency on a trade fair."),
    };
    json!({"id": format!("g{n}"), "title": format!("Title {n}"), "created_at": format!("{}-{month:02}-{day:02}", 2000 + n / 336),
        "stories": [{"title": format!("Title {n}"), "text": text}]})
}

/// A catalog of three, whom every group names.
pub(crate) fn catalog() -> Vec<Value> {
    vec![
        json!({"id": "o1", "type": "organization", "name": "NASA"}),
        json!({"id": "o2", "type": "organization", "name": "European Space Agency", "aliases": ["ESA"]}),
        json!({"id": "p1", "type": "person", "name": "Ada Lovelace"}),
    ]
}

pub(super) fn dictionary() -> Dictionary {
    let entity = |value: Value| Entity {
        id: EntityId::new(value["id"].as_str().expect("an id")),
        entity_type: value["type"].as_str().expect("a type").to_owned(),
        name: value["name"].as_str().expect("a name").to_owned(),
        aliases: vec![],
        attributes: Default::default(),
    };
    let keyword = |topic: &str, word: &str| Keyword { topic: topic.to_owned(), words: vec![word.to_owned()] };
    Dictionary {
        entities: catalog().into_iter().map(entity).collect(),
        keywords: vec![keyword("moon landing", "moon"), keyword("trade", "trade")],
        types: ["organization", "person"].map(|word| (word.to_owned(), word.to_owned())).into(),
    }
}
