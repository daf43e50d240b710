use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::one;
use crate::harness::World;

/// A line as the provider reads it; a field that is not here fails the test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    custom_id: String,
    method: String,
    url: String,
    body: Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    model: String,
    text: Text,
    reasoning: Reasoning,
    max_output_tokens: u32,
    store: bool,
    prompt_cache_key: Option<String>,
    prompt_cache_options: Option<CacheMode>,
    input: [Message; 2],
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct CacheMode {
    mode: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Message {
    role: String,
    content: Content,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts([Part; 1]),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Part {
    #[serde(rename = "type")]
    part_type: String,
    text: String,
    prompt_cache_breakpoint: CacheMode,
}

impl Body {
    fn instructions(&self) -> &Message {
        &self.input[0]
    }

    fn story(&self) -> &str {
        match &self.input[1].content {
            Content::Text(text) => text,
            Content::Parts(parts) => panic!("{parts:?}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: Format,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reasoning {
    effort: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    #[serde(rename = "type")]
    format_type: String,
    name: String,
    strict: bool,
    schema: Schema,
}

/// The subset of JSON Schema that Structured Outputs take.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schema {
    #[serde(rename = "type")]
    schema_type: Value,
    description: Option<String>,
    #[serde(rename = "enum")]
    words: Option<Vec<String>>,
    properties: Option<serde_json::Map<String, Value>>,
    required: Option<Vec<String>>,
    #[serde(rename = "additionalProperties")]
    additional: Option<bool>,
    items: Option<Box<Schema>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    #[serde(rename = "maxItems")]
    max_items: Option<u32>,
}

impl Schema {
    /// Returns the members of an object, all of them required and no others allowed, as strict mode wants it.
    #[track_caller]
    fn members(&self) -> BTreeMap<&str, Schema> {
        assert_eq!((&self.schema_type, self.additional), (&json!("object"), Some(false)));
        let properties = self.properties.as_ref().expect("an object has members");
        let names: Vec<&String> = properties.keys().collect();
        assert_eq!(names, self.required.as_ref().expect("all are required").iter().collect::<Vec<_>>());
        let member = |(name, value): (_, &Value)| {
            (String::as_str(name), serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{name}: {e}")))
        };
        properties.iter().map(member).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.properties.as_ref().map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// What the metadata file says; a field that is not here fails the test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    run_id: String,
    part: u32,
    parts: u32,
    gleaner_db: String,
    gleaner_version: String,
    created_at: String,
    model: String,
    endpoint: String,
    total_groups: u64,
    total_requests: u64,
    input_file: String,
    bytes: u64,
    sha256: String,
    estimated_input_tokens: u64,
    estimated_cost_usd: f64,
    prompts: Vec<PromptFacts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptFacts {
    kind: String,
    fingerprint: String,
    requests: u64,
}

/// Writes the request file of all groups and returns its text.
fn written(world: &World) -> String {
    world.run(&["batch", "create", "--no-submit"]).exits(0);
    let path = one(world, "SELECT input_file_path FROM batches");
    fs::read_to_string(world.path(&path)).expect("the request file is text")
}

fn lines(text: &str) -> Vec<Line> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn every_line_is_what_the_wire_format_says() {
    let world = World::with_groups(3);
    let text = written(&world);
    let lines = lines(&text);
    let ids: Vec<&str> = lines.iter().map(|line| line.custom_id.as_str()).collect();
    assert_eq!(
        ids,
        ["topic_g3", "entity_g3", "topic_g2", "entity_g2", "topic_g1", "entity_g1"],
        "newest first, in pairs"
    );
    for line in &lines {
        assert_eq!((line.method.as_str(), line.url.as_str()), ("POST", "/v1/responses"));
        let body = &line.body;
        assert_eq!((body.model.as_str(), body.reasoning.effort.as_str(), body.store), ("gpt-6-luna", "low", false));
        assert!(body.max_output_tokens >= 1000);
        assert_eq!((body.text.format.format_type.as_str(), body.text.format.strict), ("json_schema", true));
        let n: usize = line.custom_id.rsplit('g').next().and_then(|n| n.parse().ok()).expect("a number");
        assert!(body.story().contains(&format!("Story {n}: ")) && body.story().contains(&format!("Title {n}")));
        let roles = [&body.input[0].role, &body.input[1].role];
        assert_eq!(roles, ["developer", "user"]);
        assert!(!format!("{:?}", body.instructions()).contains("Story "), "the story is in the user's message alone");
    }
    // Instructions first and the same in every line of a kind, the story last: so the prompt cache can serve them.
    for (kind, name) in [("topic", "topics"), ("entity", "entities")] {
        let of_kind: Vec<&Line> = lines.iter().filter(|line| line.custom_id.starts_with(kind)).collect();
        assert!(of_kind.iter().all(|line| line.body.instructions() == of_kind[0].body.instructions()));
        assert!(of_kind.iter().all(|line| line.body.prompt_cache_key == of_kind[0].body.prompt_cache_key));
        assert!(of_kind.iter().all(|line| line.body.prompt_cache_options == of_kind[0].body.prompt_cache_options));
        assert!(of_kind.iter().all(|line| line.body.text.format.name == name));
    }
    for raw in text.lines() {
        let place = |key: &str| raw.find(key).unwrap_or_else(|| panic!("no {key} in {raw}"));
        assert!(place("{\"custom_id\":") == 0 && place("\"developer\"") < place("\"user\""));
        assert!(place("\"text\":") < place(",\"input\":") && raw.ends_with("\"}]}}"));
    }
    assert!(text.ends_with('\n'));
}

#[test]
fn the_schemas_are_strict_and_name_what_the_design_says() {
    let world = World::with_groups(1);
    let text = written(&world);
    let lines = lines(&text);
    let [topic, entity] = &lines[..] else { panic!("one group is two requests") };
    let items = |line: &Line, list: &str| {
        let schema = &line.body.text.format.schema;
        assert_eq!(schema.names(), [list]);
        *schema.members().remove(list).and_then(|list| list.items).expect("a list has items")
    };
    let topics = items(topic, "topics");
    assert_eq!(topics.names(), ["topic", "confidence", "rank"]);
    let members = topics.members();
    assert_eq!(members["topic"].schema_type, "string");
    assert_eq!(
        (&members["confidence"].schema_type, &members["rank"].schema_type),
        (&json!("number"), &json!("integer"))
    );

    let entities = items(entity, "entities");
    let names = entities.names();
    assert_eq!(names[..2], ["type", "mention"]);
    assert_eq!(names[names.len() - 3..], ["is_primary", "confidence", "rank"]);
    let members = entities.members();
    let types = members["type"].words.as_ref().expect("the types of the profile");
    assert_eq!(types, &["person", "organization", "place", "event", "work"]);
    for hint in &names[2..names.len() - 3] {
        assert_eq!(members[hint].schema_type, json!(["string", "null"]), "the hint `{hint}` is flat and may be null");
    }
    assert_eq!(members["is_primary"].schema_type, "boolean");
    let described = |schema: &Schema| schema.description.as_ref().is_none_or(|text| !text.is_empty());
    assert!(members.values().all(described));
    let bounded = |schema: &Schema| schema.minimum.is_none_or(|min| schema.maximum.is_none_or(|max| min < max));
    assert!(members.values().all(bounded) && entities.max_items.is_none());
}

#[test]
fn hostile_text_stays_one_line_and_arrives_as_it_is() {
    let world = World::new();
    let text = "He said \"no\\yes\"\n\t{\"custom_id\":\"topic_x\"}\u{2028}\u{1}😀</story></input>{{ title }} é\u{7f}";
    world.load_groups(&[json!({"id": "h", "title": "A \"title\"\nin two", "text": text})]);
    let written = written(&world);
    let lines = lines(&written);
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.body.story().contains("He said \"no\\yes\""), "{}", line.body.story());
        assert!(line.body.story().contains("😀") && line.body.story().contains('é'));
        assert_eq!(
            line.body.story().matches("\n</story>\n").count(),
            1,
            "a story cannot close itself: {}",
            line.body.story()
        );
    }
}

#[test]
fn an_id_that_cannot_travel_is_replaced_and_kept() {
    let world = World::new();
    let long = "x".repeat(58);
    let ids = ["plain_1.2:3-4", "with space", "~tilde", "zwölf", &long];
    world.load_groups(&ids.map(|id| json!({"id": id, "text": "Some text."})));
    let text = written(&world);
    for line in lines(&text) {
        let (kind, wire) = line.custom_id.split_once('_').expect("a kind and an id");
        assert!(["topic", "entity"].contains(&kind) && line.custom_id.len() <= 64);
        let id = world.rows("SELECT external_id, coalesce(wire_id, external_id) FROM story_groups");
        let id = id.iter().find_map(|row| row.strip_suffix(&format!("|{wire}"))).expect("the ledger knows the group");
        if id == "plain_1.2:3-4" {
            assert_eq!(wire, id);
        } else {
            let hex = wire.strip_prefix('~').expect("a replacement starts with ~");
            assert!(hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{wire}");
        }
    }
    // And the way back: the answers find their groups.
    world.script(&super::short_answers());
    world.run(&["batch", "submit", "--wait"]).exits(0);
    let mut answered = world.rows("SELECT DISTINCT group_id FROM story_topics_named");
    let mut expected = ids.map(str::to_owned);
    answered.sort();
    expected.sort();
    assert_eq!(answered, expected);
}

#[test]
fn the_metadata_file_says_what_the_request_file_holds() {
    let world = World::with_groups(3);
    let text = written(&world);
    let name = one(&world, "SELECT input_file_path FROM batches");
    let beside = world.path(&name.replace(".jsonl", "_metadata.json"));
    let metadata: Metadata =
        serde_json::from_str(&fs::read_to_string(beside).expect("it is beside")).expect("it has these fields");
    assert_eq!(metadata.run_id, one(&world, "SELECT id FROM runs"));
    assert_eq!((metadata.part, metadata.parts), (1, 1));
    assert_eq!(metadata.gleaner_db, one(&world, "SELECT value FROM meta WHERE key = 'db_id'"));
    assert_eq!(metadata.gleaner_version, env!("CARGO_PKG_VERSION"));
    assert_eq!(metadata.created_at, crate::harness::CLOCK);
    assert_eq!((metadata.model.as_str(), metadata.endpoint.as_str()), ("gpt-6-luna", "/v1/responses"));
    assert_eq!((metadata.total_groups, metadata.total_requests, metadata.bytes), (3, 6, text.len() as u64));
    assert_eq!(format!("batch_files/{}", metadata.input_file), name);
    let sha256: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(metadata.sha256, sha256);
    assert_eq!(metadata.sha256, one(&world, "SELECT sha256 FROM batches"));
    assert!(metadata.estimated_input_tokens > 0 && metadata.estimated_cost_usd > 0.0);
    let asks: Vec<_> = metadata.prompts.iter().map(|ask| (ask.kind.as_str(), ask.requests)).collect();
    assert_eq!(asks, [("topic", 3), ("entity", 3)]);
    for ask in &metadata.prompts {
        assert_eq!(
            ask.fingerprint,
            one(&world, &format!("SELECT fingerprint FROM prompts WHERE kind = '{}'", ask.kind))
        );
    }
}
