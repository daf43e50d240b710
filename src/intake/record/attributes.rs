//! Attributes of a story: every field that is nothing else.

use serde_json::Value;

use super::Ignored;
use crate::model::{StoryAttributes, StoryValue, attribute_name};
use crate::text::single_spaced;

/// Keeps fields as attributes; what cannot be one is noted.
pub(super) fn of(fields: impl Iterator<Item = (String, Value)>, ignored: &mut Ignored) -> StoryAttributes {
    let mut attributes = StoryAttributes::new();
    for (name, value) in fields {
        let key = attribute_name(&name);
        match attribute(value) {
            _ if key.is_empty() => ignored.note(name),
            Some(value) => _ = attributes.insert(key, value),
            None => {}
        }
    }
    attributes
}

/// A value of an attribute; `None` where nothing stands in it.
fn attribute(value: Value) -> Option<StoryValue> {
    match value {
        Value::Null => None,
        Value::Array(values) => {
            let all: Vec<String> = values.into_iter().filter_map(one).collect();
            (!all.is_empty()).then_some(StoryValue::Many(all))
        }
        value => one(value).map(StoryValue::One),
    }
}

fn one(value: Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => single_spaced(&text),
        // Of an author or a tag, what it is called.
        Value::Object(ref fields) => {
            match ["name", "title", "label", "value"].iter().find_map(|name| fields.get(*name)) {
                Some(Value::String(text)) => single_spaced(text),
                _ => value.to_string(),
            }
        }
        value => value.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_is_kept_as_text() {
        let fields = json!({
            "Section Name": " Sport ", "tags": ["a", 1, null, {"name": "b"}], "n": 3, "x": null, "y": "", "z": [], "o": {"k": 1},
            " ": "nameless"
        });
        let Value::Object(fields) = fields else { panic!("an object") };
        let mut ignored = Ignored::default();
        let attributes = of(fields.into_iter(), &mut ignored);
        assert_eq!(
            serde_json::to_value(&attributes).unwrap(),
            json!({"section_name": "Sport", "tags": ["a", "1", "b"], "n": "3", "o": "{\"k\":1}"})
        );
        assert_eq!(ignored.names.into_iter().collect::<Vec<_>>(), [" "]);
    }
}
