//! The JSON schemas of answers, and a lint for the subset of JSON Schema that Structured Outputs takes.
//!
//! A schema that the provider refuses fails *every* line of a batch, hours after it was sent; so ours are checked here.
//! The subset is the one of the provider's Structured Outputs guide.

use serde_json::{Map, Value, json};

use super::Profile;
use super::problem::Problem;

/// Returns the schema of an answer about topics, which are of the profile's list where it has one.
pub fn topics(profile: &Profile) -> Value {
    let any = json!({"type": "string"});
    let topic = match profile.allowed_topics.as_ref().filter(|allowed| allowed.is_in_schema()) {
        None => any,
        Some(allowed) => {
            let listed = json!({"type": "string", "enum": allowed.topics});
            if allowed.others { json!({"anyOf": [listed, any]}) } else { listed }
        }
    };
    list_of(
        "topics",
        vec![("topic", topic), ("confidence", json!({"type": "number"})), ("rank", json!({"type": "integer"}))],
    )
}

/// Returns the schema of an answer about entities: the profile's types, and its hints as flat nullable texts.
pub fn entities(profile: &Profile) -> Value {
    let types: Vec<&str> = profile.types.iter().map(|known| known.name.as_str()).collect();
    let mut fields = vec![("type", json!({"type": "string", "enum": types})), ("mention", json!({"type": "string"}))];
    fields.extend(profile.hints().into_iter().map(|hint| (hint, json!({"type": ["string", "null"]}))));
    fields.push(("is_primary", json!({"type": "boolean"})));
    fields.push(("confidence", json!({"type": "number"})));
    fields.push(("rank", json!({"type": "integer"})));
    list_of("entities", fields)
}

/// A root object with one list of objects, all fields required and no others.
fn list_of(name: &str, fields: Vec<(&str, Value)>) -> Value {
    let item = object(fields);
    object(vec![(name, json!({"type": "array", "items": item}))])
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let required: Value = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Keywords that strict mode knows.
const KEYWORDS: [&str; 21] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "title",
    "description",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
];

/// Levels of nesting, properties, enum values, and characters of all names and enum values that strict mode takes.
const DEPTH_MAX: usize = 10;
const PROPERTIES_MAX: usize = 5_000;
pub(super) const ENUM_VALUES_MAX: usize = 1_000;
/// Characters of the values of one `enum`, if it has more values than may be of any length.
pub(super) const ENUM_CHARS_MAX: usize = 15_000;
pub(super) const ENUM_CHARS_FREE: usize = 250;
const NAME_CHARS_MAX: usize = 120_000;

/// Returns what strict mode would refuse about a schema.
pub fn lint(schema: &Value) -> Vec<Problem> {
    let mut lint = Lint { problems: vec![], n_properties: 0, n_enum_values: 0, n_name_chars: 0 };
    if schema.get("type") != Some(&json!("object")) || schema.get("anyOf").is_some() {
        lint.fail("schema", "the root is not an object");
    }
    lint.walk(schema, "schema", 0);
    for (n, max, what) in [
        (lint.n_properties, PROPERTIES_MAX, "properties"),
        (lint.n_enum_values, ENUM_VALUES_MAX, "enum values"),
        (lint.n_name_chars, NAME_CHARS_MAX, "characters in names and enum values"),
    ] {
        if n > max {
            lint.fail("schema", format!("{n} {what}, over the limit of {max}"));
        }
    }
    lint.problems
}

struct Lint {
    problems: Vec<Problem>,
    n_properties: usize,
    n_enum_values: usize,
    n_name_chars: usize,
}

impl Lint {
    fn fail(&mut self, place: &str, message: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), message: message.into(), hint: None });
    }

    fn walk(&mut self, schema: &Value, place: &str, depth: usize) {
        let Some(schema) = schema.as_object() else { return self.fail(place, "is not an object") };
        if depth > DEPTH_MAX {
            return self.fail(place, format!("nested more than {DEPTH_MAX} deep"));
        }
        for keyword in schema.keys().filter(|keyword| !KEYWORDS.contains(&keyword.as_str())) {
            self.fail(place, format!("`{keyword}` is not supported in strict mode"));
        }
        if !["type", "anyOf", "$ref", "enum", "const"].iter().any(|keyword| schema.contains_key(*keyword)) {
            self.fail(place, "has no `type`");
        }
        let is = |name: &str| match schema.get("type") {
            Some(Value::Array(types)) => types.iter().any(|known| known == name),
            known => known.is_some_and(|known| known == name),
        };
        if is("object") {
            self.object(schema, place, depth);
        }
        match schema.get("items") {
            Some(items) => self.walk(items, &format!("{place}[]"), depth + 1),
            None if is("array") => self.fail(place, "an array without `items`"),
            None => {}
        }
        for (index, option) in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
            self.walk(option, &format!("{place}.anyOf[{index}]"), depth);
        }
        for (name, definition) in schema.get("$defs").and_then(Value::as_object).into_iter().flatten() {
            self.n_name_chars += name.chars().count();
            self.walk(definition, &format!("{place}.$defs.{name}"), depth);
        }
        let values = schema.get("enum").and_then(Value::as_array);
        if values.is_some_and(Vec::is_empty) {
            self.fail(place, "an empty `enum`");
        }
        let n_chars: usize =
            values.into_iter().flatten().map(|value| value.as_str().map_or(0, |value| value.chars().count())).sum();
        let n_values = values.map_or(0, Vec::len);
        self.n_enum_values += n_values;
        self.n_name_chars += n_chars;
        if n_values > ENUM_CHARS_FREE && n_chars > ENUM_CHARS_MAX {
            self.fail(place, format!("{n_chars} characters in an `enum`, over the limit of {ENUM_CHARS_MAX}"));
        }
    }

    fn object(&mut self, schema: &Map<String, Value>, place: &str, depth: usize) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            self.fail(place, "`additionalProperties` is not false");
        }
        let no_properties = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&no_properties);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, property) in properties {
            self.n_properties += 1;
            self.n_name_chars += name.chars().count();
            if !required.contains(&name.as_str()) {
                self.fail(place, format!("`{name}` is not in `required`"));
            }
            self.walk(property, &format!("{place}.{name}"), depth + 1);
        }
        for name in required.iter().filter(|name| !properties.contains_key(**name)) {
            self.fail(place, format!("`required` names `{name}`, which is no property"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::check::tests::profile;

    #[test]
    fn our_schemas_are_strict_and_in_order() {
        let entities = entities(&profile());
        assert_eq!((lint(&topics(&profile())), lint(&entities)), (vec![], vec![]));
        let item = &entities["properties"]["entities"]["items"];
        let order = ["type", "mention", "role", "country", "home", "away", "year", "is_primary", "confidence", "rank"];
        assert_eq!(item["required"], json!(order));
        assert_eq!(item["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), order);
        assert_eq!(item["properties"]["type"]["enum"], json!(["person", "organization", "match"]));
        assert_eq!(item["properties"]["role"], json!({"type": ["string", "null"]}));
    }

    fn check(change: impl FnOnce(&mut Value), expected: &str) {
        let mut schema = topics(&profile());
        change(&mut schema);
        let problems: Vec<String> = lint(&schema).iter().map(Problem::to_string).collect();
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:?}");
    }

    #[test]
    fn what_strict_mode_refuses_is_found() {
        const ITEM: &str = "/properties/topics/items";
        let at = |path: &'static str, key: &'static str, value: Value| {
            move |schema: &mut Value| schema.pointer_mut(path).unwrap()[key] = value
        };
        check(at("", "type", json!("array")), "the root is not an object");
        check(at("", "anyOf", json!([{"type": "string"}])), "the root is not an object");
        check(at("", "additionalProperties", json!(true)), "schema: `additionalProperties` is not false");
        check(at(ITEM, "additionalProperties", json!(null)), "schema.topics[]: `additionalProperties`");
        check(at(ITEM, "required", json!(["topic", "rank"])), "schema.topics[]: `confidence` is not in `required`");
        check(at(ITEM, "required", json!(["topic", "rank", "confidence", "x"])), "`x`, which is no property");
        check(at("/properties/topics", "uniqueItems", json!(true)), "`uniqueItems` is not supported");
        check(at("/properties/topics", "items", json!({})), "schema.topics[]: has no `type`");
        check(at("/properties/topics", "items", json!(1)), "is not an object");
        check(at("/properties/topics/items/properties/topic", "enum", json!([])), "an empty `enum`");
        let many: Vec<String> = (0..1_001).map(|n| n.to_string()).collect();
        check(at("/properties/topics/items/properties/topic", "enum", json!(many)), "1001 enum values");
        let long: Vec<String> = (0..251).map(|n| format!("{n:60}")).collect();
        check(at("/properties/topics/items/properties/topic", "enum", json!(long)), "15060 characters in an `enum`");
        let mut deep = json!({"type": "string"});
        for _ in 0..12 {
            deep = json!({"type": "array", "items": deep});
        }
        check(at(ITEM, "items", deep), "nested more than 10 deep");
        check(|schema| _ = schema["properties"]["topics"].as_object_mut().unwrap().remove("items"), "without `items`");
    }
}
