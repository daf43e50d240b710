//! Fills the asked JSON schema with what the dictionary reader found.

use serde_json::{Map, Value, json};

use super::listed::Listed;
use super::reader::{FoundName, FoundTopic, Reader};
use super::request_body::{Format, RequestBody};

/// Most items in a list whose schema names no limit.
const TOPICS_MAX: usize = 10;
const ENTITIES_MAX: usize = 20;

/// Answers a request: JSON in the asked shape, or a sentence where no shape was asked for.
pub(crate) fn answer(reader: &Reader, request: &RequestBody) -> String {
    match request.format {
        Format::Schema(schema) => object(reader, &request.text, schema, schema).to_string(),
        Format::JsonObject | Format::Text => {
            // Without a schema the prompt itself has to say what is wanted, as it does to a small local model.
            let prompt = format!("{} {}", request.instructions, request.text);
            let items = |name: &str| json!({"type": "array", "items": {"properties": properties_of(name)}});
            let wanted: Map<String, Value> = ["topics", "entities"]
                .into_iter()
                .filter(|name| prompt.contains(&format!("\"{name}\"")))
                .map(|name| (name.to_owned(), items(name)))
                .collect();
            if wanted.is_empty() && request.format == Format::Text {
                return "This is the gleaner sandbox: a dictionary reader, not a language model.".into();
            }
            let schema = json!({"type": "object", "properties": wanted});
            object(reader, &request.text, &schema, &schema).to_string()
        }
    }
}

fn properties_of(list: &str) -> Value {
    match list {
        "topics" => json!({"topic": {}, "confidence": {}, "rank": {}}),
        _ => json!({"type": {}, "mention": {}, "is_primary": {}, "confidence": {}, "rank": {}}),
    }
}

fn object(reader: &Reader, text: &str, schema: &Value, root: &Value) -> Value {
    let mut answer = Map::new();
    for (name, property) in properties(schema, root) {
        let property = resolved(property, root);
        let items = resolved(&property["items"], root);
        let at_most = |default: usize| {
            property["maxItems"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or(default)
        };
        let value = match name.as_str() {
            "topics" => {
                let listed = Listed::of(resolved(&items["properties"]["topic"], root));
                let found = listed.map_or_else(|| reader.topics_in(text), |listed| reader.topics_among(&listed, text));
                let found = found.into_iter().take(at_most(TOPICS_MAX)).enumerate();
                Value::Array(found.map(|(at, topic)| topic_item(&topic, at, items, root)).collect())
            }
            "entities" => {
                let found = reader.names_in(text).into_iter().take(at_most(ENTITIES_MAX)).enumerate();
                Value::Array(found.map(|(at, name)| entity_item(reader, text, &name, at, items, root)).collect())
            }
            _ => nothing(property),
        };
        answer.insert(name.clone(), value);
    }
    Value::Object(answer)
}

fn topic_item(found: &FoundTopic, at: usize, schema: &Value, root: &Value) -> Value {
    let mut item = Map::new();
    for (name, property) in properties(schema, root) {
        let value = match name.as_str() {
            "topic" | "name" => json!(found.topic),
            "confidence" => confidence(0.55, found.count),
            "rank" => json!(at + 1),
            _ => nothing(resolved(property, root)),
        };
        item.insert(name.clone(), value);
    }
    Value::Object(item)
}

fn entity_item(reader: &Reader, text: &str, found: &FoundName, at: usize, schema: &Value, root: &Value) -> Value {
    let mut item = Map::new();
    for (name, property) in properties(schema, root) {
        let property = resolved(property, root);
        let value = match name.as_str() {
            "type" | "entity_type" => {
                let allowed = property["enum"].as_array().into_iter().flatten();
                let allowed: Vec<String> = allowed.filter_map(|word| word.as_str().map(str::to_owned)).collect();
                json!(reader.type_of(found, &allowed))
            }
            "mention" | "mention_text" | "name" => json!(found.mention),
            "is_primary" => json!(at == 0 || found.count >= 3),
            "confidence" => confidence(if found.types.is_empty() { 0.35 } else { 0.75 }, found.count),
            "rank" => json!(at + 1),
            hint => reader.hint(found, hint, text).map_or_else(|| nothing(property), |value| json!(value)),
        };
        item.insert(name.clone(), value);
    }
    Value::Object(item)
}

/// The more often a word stands there, the surer; in hundredths, so that the text of the number is short.
fn confidence(least: f64, count: usize) -> Value {
    let hundredths = (least * 100.0).round() + 5.0 * count.min(5) as f64;
    json!(hundredths.min(99.0) / 100.0)
}

/// The emptiest value that a property allows.
fn nothing(property: &Value) -> Value {
    let allows = |kind: &str| match &property["type"] {
        Value::String(own) => own == kind,
        Value::Array(own) => own.iter().any(|own| own == kind),
        _ => property["anyOf"].as_array().into_iter().flatten().any(|option| option["type"] == kind),
    };
    if allows("null") {
        Value::Null
    } else if let Some(first) = property["enum"].as_array().and_then(|values| values.first()) {
        first.clone()
    } else if allows("array") {
        json!([])
    } else if allows("object") {
        json!({})
    } else if allows("number") || allows("integer") {
        json!(0)
    } else if allows("boolean") {
        json!(false)
    } else if allows("string") {
        json!("")
    } else {
        Value::Null
    }
}

fn properties<'a>(schema: &'a Value, root: &'a Value) -> impl Iterator<Item = (&'a String, &'a Value)> {
    resolved(schema, root)["properties"].as_object().into_iter().flatten()
}

/// Follows a `$ref` into the schema's own definitions, one step.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::reader::{Dictionary, Keyword};

    fn reader() -> Reader {
        let entity = crate::model::Entity {
            id: crate::model::EntityId::new("1"),
            entity_type: "agency".into(),
            name: "NASA".into(),
            aliases: vec![],
            attributes: [("country".to_owned(), "USA".to_owned()), ("seat".into(), "Washington".into())].into(),
        };
        Reader::new(&Dictionary {
            entities: vec![entity],
            keywords: vec![Keyword { topic: "budget".into(), words: vec!["budget".into()] }],
            types: [("agency".to_owned(), "organization".to_owned())].into(),
        })
    }

    fn request(schema: &Value) -> RequestBody<'_> {
        RequestBody {
            text: "NASA of the USA has a budget".into(),
            format: Format::Schema(schema),
            ..RequestBody::default()
        }
    }

    #[test]
    fn entities_take_the_shape_of_the_schema() {
        let schema = json!({"type": "object", "properties": {"entities": {"type": "array", "items": {"$ref": "#/$defs/e"}}},
            "$defs": {"e": {"type": "object", "properties": {
                "type": {"type": "string", "enum": ["person", "organization"]}, "mention": {"type": "string"},
                "country": {"type": ["string", "null"]}, "seat": {"type": ["string", "null"]}, "is_primary": {"type": "boolean"},
                "confidence": {"type": "number"}, "rank": {"type": "integer"}}}}});
        assert_eq!(
            answer(&reader(), &request(&schema)),
            r#"{"entities":[{"type":"organization","mention":"NASA","country":"USA","seat":null,"is_primary":true,"confidence":0.8,"rank":1}]}"#
        );
    }

    #[test]
    fn topics_take_the_shape_of_the_schema() {
        let item = json!({"properties": {"topic": {}, "confidence": {}, "rank": {}, "why": {"type": "string"}}});
        let schema = json!({"properties": {"topics": {"type": "array", "maxItems": 3, "items": item}, "note": {"type": "string"}}});
        assert_eq!(
            answer(&reader(), &request(&schema)),
            r#"{"topics":[{"topic":"budget","confidence":0.6,"rank":1,"why":""}],"note":""}"#
        );
    }

    #[test]
    fn without_a_schema_the_prompt_decides() {
        let mut plain = request(&Value::Null);
        plain.format = Format::Text;
        assert!(answer(&reader(), &plain).contains("not a language model"));
        plain.instructions = r#"Answer as {"topics": […]}"#.into();
        assert_eq!(answer(&reader(), &plain), r#"{"topics":[{"topic":"budget","confidence":0.6,"rank":1}]}"#);
    }
}
