//! Values of fields as texts, ids, attributes.

use serde_json::Value;

/// Reason of a record without an id.
pub(super) const NO_ID: &str = "`id` is missing";

use crate::intake::message::{excerpt, kind_of};
use crate::text::{single_spaced, visible};

/// The longest id, in bytes: enough for any URL, and a line of a log.
const ID_BYTES_MAX: usize = 1024;

/// A text, where there is one. Without NUL, at which SQL functions would take it to end.
pub(super) fn text(value: Option<Value>, name: &str) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.contains('\0') => Ok(Some(text.replace('\0', "\u{fffd}"))),
        Some(Value::String(text)) => Ok(Some(text)),
        // A headline may be `1984`.
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        // Paragraphs, as some exports give them.
        Some(Value::Array(parts)) if !parts.is_empty() && parts.iter().all(Value::is_string) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            Ok(Some(parts.join("\n\n").replace('\0', "\u{fffd}")))
        }
        Some(other) => Err(format!("`{name}` is {}, not text", kind_of(&other))),
    }
}

/// A short text that must be there, on one line.
pub(super) fn required(value: Option<Value>, name: &str) -> Result<String, String> {
    let text = text(value, name)?.map(|text| visible(&text)).unwrap_or_default();
    if text.is_empty() { Err(format!("`{name}` is missing")) } else { Ok(text) }
}

/// An id is text or a whole number, on one line, and stays as it is.
pub(super) fn id(value: Option<Value>) -> Result<String, String> {
    let id = match value {
        None | Some(Value::Null) => return Err(NO_ID.into()),
        Some(Value::String(id)) => id,
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => id.to_string(),
        // pandas makes 3.0 of a 3 in a column with gaps.
        Some(Value::Number(id)) if id.as_f64().is_some_and(is_whole) => {
            id.to_string().trim_end_matches(".0").to_owned()
        }
        Some(Value::Number(id)) => return Err(format!("`id` is {id}, not text or a whole number")),
        // MongoDB's spelling.
        Some(Value::Object(mut object)) if object.len() == 1 && object.contains_key("$oid") => {
            return self::id(object.remove("$oid"));
        }
        Some(other) => return Err(format!("`id` is {}, not text or a whole number", kind_of(&other))),
    };
    if id.trim().is_empty() {
        return Err("`id` is empty".into());
    }
    if id.chars().any(char::is_control) {
        return Err(format!("`id` holds control characters: `{}`", excerpt(&id).escape_debug()));
    }
    if id.len() > ID_BYTES_MAX {
        return Err(format!("`id` is {} bytes long, over the limit of {ID_BYTES_MAX}", id.len()));
    }
    Ok(id)
}

/// True where a number is whole and small enough to be exact.
fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 9e15
}

/// A value of an entity's attribute as text; lists of plain values are joined. `None` for what is nested deeper.
pub(super) fn attribute(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(single_spaced(value)),
        Value::Array(values) => {
            let plain: Option<Vec<String>> =
                values.iter().map(|value| if value.is_array() { None } else { attribute(value) }).collect();
            Some(plain?.into_iter().filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", "))
        }
        Value::Object(_) => None,
    }
}
