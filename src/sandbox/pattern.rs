//! Small helpers of the script: patterns, templates, patches.

use serde_json::{Map, Value};

/// True where a text fits a pattern in which `*` stands for any text.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// Writes values in place of `{{name}}` in all texts of a JSON value.
pub(crate) fn fill_in(template: &Value, values: &[(&str, &str)]) -> Value {
    match template {
        Value::String(text) => Value::String(fill_in_text(text, values)),
        Value::Array(items) => items.iter().map(|item| fill_in(item, values)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), fill_in(member, values))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Writes values in place of `{{name}}`.
pub(crate) fn fill_in_text(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

/// Sets and removes members of a JSON object.
pub(crate) fn patch(value: &mut Value, set: &Map<String, Value>, unset: &[String]) {
    if let Some(members) = value.as_object_mut() {
        members.extend(set.clone());
        members.retain(|name, _| !unset.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_fit() {
        let table = [
            ("topic_1", "topic_1", true),
            ("topic_1", "topic_12", false),
            ("topic_*", "topic_12", true),
            ("topic_*", "entity_12", false),
            ("*_1*2", "topic_1002", true),
            ("*_12", "topic_12x", false),
            ("a*b*c", "a-b-b-c", true),
            ("*", "", true),
            ("aa*aa", "aaa", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn templates_are_filled_in_everywhere() {
        let template = json!({"a": ["{{group}}", 1], "b": {"c": "x{{n}}{{n}}"}});
        assert_eq!(fill_in(&template, &[("group", "g"), ("n", "2")]), json!({"a": ["g", 1], "b": {"c": "x22"}}));
    }
}
