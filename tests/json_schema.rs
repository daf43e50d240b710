//! What commands print with `--json`, held to docs/json.schema.json: the schema is made of what they really print, so a key
//! that comes, goes or changes its type is a difference of that file. Where it is meant, `GLEANER_UPDATE_SNAPSHOTS=1`
//! writes it anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::harness::{World, group};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.schema.json");

/// Objects whose keys are data and no part of the shape.
const FREE: [&str; 5] = ["attributes", "hints", "metadata", "counts", "changes_by_type"];

/// Returns the schema of one value.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!({"type": ["null"]}),
        Value::Bool(_) => json!({"type": ["boolean"]}),
        Value::Number(number) if number.is_f64() => json!({"type": ["number"]}),
        Value::Number(_) => json!({"type": ["integer"]}),
        Value::String(_) => json!({"type": ["string"]}),
        Value::Array(items) => {
            let items = items.iter().map(shape).reduce(|one, other| both(&one, &other));
            json!({"type": ["array"], "items": items.unwrap_or(json!({}))})
        }
        Value::Object(object) => {
            let of = |(key, value): (&String, &Value)| {
                let is_free = FREE.contains(&key.as_str()) && value.is_object();
                (key.clone(), if is_free { json!({"type": ["object"]}) } else { shape(value) })
            };
            let properties: BTreeMap<String, Value> = object.iter().map(of).collect();
            let required: Vec<&String> = properties.keys().collect();
            json!({"type": ["object"], "properties": properties, "required": required, "additionalProperties": false})
        }
    }
}

/// Returns the schema of values of which each fits one of two schemas.
fn both(one: &Value, other: &Value) -> Value {
    if one == other || other == &json!({}) {
        return one.clone();
    }
    if one == &json!({}) {
        return other.clone();
    }
    let mut merged = Map::new();
    let mut types: Vec<&str> =
        [one, other].iter().flat_map(|s| s["type"].as_array().expect("a list")).filter_map(Value::as_str).collect();
    types.sort_unstable();
    types.dedup();
    if types.contains(&"number") {
        types.retain(|name| *name != "integer");
    }
    merged.insert("type".into(), json!(types));
    match (one.get("items"), other.get("items")) {
        (Some(a), Some(b)) => drop(merged.insert("items".into(), both(a, b))),
        (Some(a), None) | (None, Some(a)) => drop(merged.insert("items".into(), a.clone())),
        (None, None) => {}
    }
    let objects: Vec<&Value> = [one, other].into_iter().filter(|s| s.get("properties").is_some()).collect();
    if !objects.is_empty() {
        let mut properties: BTreeMap<String, Value> = BTreeMap::new();
        for (key, value) in objects.iter().flat_map(|s| s["properties"].as_object().expect("an object")) {
            let known = properties.get(key).map_or_else(|| value.clone(), |known| both(known, value));
            properties.insert(key.clone(), known);
        }
        let is_required = |key: &&String| {
            objects
                .iter()
                .all(|s| s["required"].as_array().expect("a list").iter().any(|name| name.as_str() == Some(key)))
        };
        let required: Vec<&String> = properties.keys().filter(is_required).collect();
        merged.insert("required".into(), json!(required));
        merged.insert("properties".into(), json!(properties));
        merged.insert("additionalProperties".into(), json!(false));
    }
    Value::Object(merged)
}

/// Writes a type by itself where there is only one.
fn plain(schema: &mut Value) {
    if let Some([one]) = schema.get("type").and_then(Value::as_array).map(Vec::as_slice) {
        schema["type"] = one.clone();
    }
    if let Some(items) = schema.get_mut("items") {
        plain(items);
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(plain);
    }
}

/// Writes JSON so that what fits into a line stands in one.
fn lay_out(text: &mut String, value: &Value, indent: &str) {
    let whole = value.to_string();
    if whole.len() + indent.len() <= 118 {
        text.push_str(&whole);
        return;
    }
    let deeper = format!("{indent}  ");
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    let items: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().map(|item| (String::new(), item)).collect(),
        Value::Object(object) => object.iter().map(|(key, item)| (format!("{}: ", json!(key)), item)).collect(),
        _ => vec![],
    };
    for (at, (key, item)) in items.iter().enumerate() {
        text.push_str(if at > 0 { ",\n" } else { "\n" });
        text.push_str(&format!("{deeper}{key}"));
        lay_out(text, item, &deeper);
    }
    text.push_str(&format!("\n{indent}{close}"));
}

#[test]
fn what_commands_print_is_as_the_schema_says() {
    let world = World::with_groups(4);
    world.has_no_transcript("it is held to the schema");
    let mut shapes: BTreeMap<String, Value> = BTreeMap::new();
    let mut run = |name: &str, args: &[&str]| {
        let ran = world.run(&[args, &["--json"]].concat());
        let text = if ran.code == Some(0) || ran.code == Some(3) { &ran.stdout } else { &ran.stderr };
        let text = if ran.stdout.is_empty() { text.lines().last().unwrap_or_default() } else { text };
        let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{}", ran.report()));
        let name = if ran.code == Some(2) { "error" } else { name };
        let new = shape(&value);
        let known = shapes.get(name).map_or_else(|| new.clone(), |known| both(known, &new));
        shapes.insert(name.to_owned(), known);
        value
    };
    let groups = world.write_lines("more.jsonl", &[group(7)]).display().to_string();
    let entities = world.path("entities.jsonl").display().to_string();
    run("batch create --dry-run", &["batch", "create", "--dry-run"]);
    run("progress", &["progress"]);
    let made = run("batch create", &["batch", "create", "--limit", "2"]);
    let run_id = made["run_id"].as_str().expect("an id").to_owned();
    run("batch status", &["batch", "status"]);
    run("batch status RUN", &["batch", "status", &run_id]);
    run("batch list", &["batch", "list"]);
    run("batch wait", &["batch", "wait"]);
    let batch = world.rows("SELECT external_id FROM batches").remove(0);
    run("batch status BATCH", &["batch", "status", &batch]);
    run("batch process", &["batch", "process", &batch]);
    run("batch list", &["batch", "list"]);
    run("batch clean", &["batch", "clean", "--dry-run"]);
    run("batch limits", &["batch", "limits"]);
    run("extract", &["extract", "--limit", "1"]);
    for name in ["progress", "costs", "models", "topics", "entities", "history", "check", "config", "rebuild"] {
        run(name, &[name]);
    }
    run("costs", &["costs", "--by", "run"]);
    run("show", &["show", "g3"]);
    run("show", &["show", "g4"]);
    run("show --explain", &["show", "g4", "--explain", "--no-text"]);
    run("search", &["search", "moon"]);
    run("search", &["search", "moon", "mooon", "--facets"]);
    run("related", &["related", "g4"]);
    run("copies", &["copies"]);
    run("show", &["show", "g4"]);
    run("unresolved", &["unresolved"]);
    run("catalog list", &["catalog", "list"]);
    run("catalog show", &["catalog", "show", "organization:o2"]);
    run("catalog dedupe", &["catalog", "dedupe"]);
    run("catalog propose", &["catalog", "propose"]);
    run("catalog edit", &["catalog", "edit", "organization:o2", "--name", "ESA of Europe"]);
    run("resolve MENTION", &["resolve", "NASA"]);
    run("resolve --all", &["resolve", "--all"]);
    run("unresolved reject", &["unresolved", "reject", "Houston"]);
    run("topics merge", &["topics", "merge", "trade", "into", "commerce"]);
    run("topics dedupe", &["topics", "dedupe", "--neighbours"]);
    run("topics alias list", &["topics", "alias", "list"]);
    run("undo", &["undo", "--dry-run"]);
    run("audit", &["audit", "--sample", "2"]);
    run("audit --to", &["audit", "--to", "sample.csv"]);
    run("load groups", &["load", "groups", &groups]);
    run("load entities", &["load", "entities", &entities]);
    run("profile list", &["profile", "list"]);
    run("profile show", &["profile", "show"]);
    run("profile topics -o", &["profile", "topics", "--min-groups", "1", "-o", "listed.toml"]);
    run("profile show", &["profile", "show", "listed.toml"]);
    run("export -o", &["export", "links", "-o", "links.csv"]);
    run("report", &["report", "-o", "report.html"]);
    run("backup", &["backup", "copy.db"]);
    run("backup --check", &["backup", "--check", "copy.db"]);
    run("merge", &["merge", "copy.db", "--dry-run"]);
    run("forget", &["forget", "g1", "--dry-run"]);
    run("rehearsal forget", &["rehearsal", "forget", "--dry-run"]);
    run("config path", &["config", "path"]);
    run("config set", &["config", "set", "color", "never"]);
    run("key list", &["key", "list"]);
    run("error", &["show", "nowhere"]);
    shapes.values_mut().for_each(plain);
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What gleaner prints with --json, by command; `error` is the last line of stderr",
        "$defs": shapes,
    });
    let mut text = String::new();
    lay_out(&mut text, &schema, "");
    text.push('\n');
    if std::env::var_os("GLEANER_UPDATE_SNAPSHOTS").is_some() {
        fs::write(FILE, &text).expect("the folder is writable");
    }
    let kept = fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    if let Some(at) = text.lines().zip(kept.lines()).position(|(new, old)| new != old) {
        let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
        panic!("docs/json.schema.json:{}\n- {}\n+ {}", at + 1, line(&kept), line(&text));
    }
    assert_eq!(text.len(), kept.len(), "one ends before the other");
}

#[test]
fn the_items_of_a_list_stand_one_a_line() {
    let world = World::with_groups(3);
    world.run(&["batch", "create", "--wait"]).exits(0);
    for args in [&["topics"][..], &["entities"], &["history"], &["batch", "list"], &["search", "story"], &["models"]] {
        let whole = world.json(args, 0);
        let list = whole.as_object().expect("an object").values().find(|value| value.is_array()).expect("a list");
        let ran = world.run(&[args, &["--jsonl"]].concat()).exits(0);
        let lines: Vec<Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        assert_eq!(Value::Array(lines), *list, "{}", ran.report());
    }
    // A group is one thing, whatever lists are in it; the rows of a query are many.
    let group = world.run(&["show", "g1", "--jsonl"]).exits(0).stdout;
    assert_eq!(group.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&group).expect("is JSON"), world.json(&["show", "g1"], 0));
    let rows = world.run(&["sql", "SELECT external_id FROM story_groups", "--jsonl"]).exits(0).stdout;
    assert_eq!(rows.lines().map(|line| line.starts_with("{\"external_id\":")).collect::<Vec<_>>(), [true; 3]);
    assert_eq!(world.run(&["progress", "--jsonl"]).exits(0).stdout.lines().count(), 1);
    world.run(&["progress", "--json", "--jsonl"]).exits(2);
}
