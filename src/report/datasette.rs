//! Metadata for Datasette: what the tables hold, which of them are machinery, and by what they are faceted.

use serde_json::{Map, Value as Json, json};

/// A table or a view: its name, what it holds, the columns that are offered as facets, and the one that names a row.
type Shown = (&'static str, &'static str, &'static [&'static str], Option<&'static str>);

const SHOWN: [Shown; 14] = [
    ("group_overview", "One row a group: what is known of it", &["main_topic", "status"], None),
    (
        "story_topics_named",
        "Every topic with your group ids, and the titles and addresses of the stories",
        &["topic", "sandbox"],
        None,
    ),
    (
        "story_entities_named",
        "Every mention with your group ids and the entity it is linked to: score is how likely the link is right, confidence the model's",
        &["entity_name", "catalog_type", "outcome", "method"],
        None,
    ),
    ("entity_cooccurrence", "Which entities stand in the same groups", &["type_a", "type_b"], None),
    ("unresolved_mentions", "Mentions that wait for a person or a better catalog", &["entity_type", "outcome"], None),
    ("group_costs", "What was asked about each group, and what it cost", &["sandbox"], None),
    ("story_groups", "Groups of stories, each about one event", &["status"], Some("title")),
    ("stories", "The stories of the groups, with their addresses", &[], Some("title")),
    ("entities", "The catalog: who and what a mention can be linked to", &["type"], Some("name")),
    ("story_topics", "Topics of groups", &["topic", "sandbox"], Some("label")),
    (
        "story_entities",
        "Mentions of groups, linked or not",
        &["entity_type", "outcome", "method"],
        Some("mention_text"),
    ),
    ("runs", "What one command asked", &["mode"], None),
    ("batches", "Batches at the provider", &["state", "model"], Some("external_id")),
    ("requests", "One row for each time a group was asked about", &["kind", "state", "sandbox"], None),
];

/// Returns the metadata of a database with these tables and views; what is not described is hidden.
pub fn metadata(database: &str, tables: &[String]) -> Json {
    let mut described = Map::new();
    for table in tables {
        let shown = SHOWN.iter().find(|(name, ..)| name == table);
        let about = match shown {
            None => json!({"hidden": true}),
            Some((_, description, facets, label)) => {
                let mut about = json!({"description": description});
                if !facets.is_empty() {
                    about["facets"] = json!(facets);
                }
                if let Some(label) = label {
                    about["label_column"] = json!(label);
                }
                about
            }
        };
        described.insert(table.clone(), about);
    }
    json!({
        "title": "What the stories are about",
        "description": "Story groups with their topics and entities, the answers they come from and what those cost",
        "source": "gleaner",
        "databases": {database: {"tables": described}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_described_is_hidden() {
        let tables = ["story_topics_named", "_postings", "entities"].map(str::to_owned);
        let metadata = metadata("news", &tables);
        let of = |name: &str| metadata["databases"]["news"]["tables"][name].clone();
        assert_eq!(of("_postings"), json!({"hidden": true}));
        assert_eq!(of("story_topics_named")["facets"], json!(["topic", "sandbox"]));
        assert_eq!(of("entities")["label_column"], "name");
    }
}
