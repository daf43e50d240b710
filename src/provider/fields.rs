//! Fields of JSON objects, read tolerantly: other servers write a number as text, a time as a float or as a date.

use jiff::Timestamp;
use serde_json::Value;

/// Returns a field as text: a string that is not empty, or a number's digits.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    plain(value.get(key)?).filter(|text| !text.is_empty())
}

/// Returns a scalar as text.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Returns a field as a whole number, also where it is a float or text.
pub(super) fn integer(value: &Value, key: &str) -> Option<i64> {
    let value = value.get(key)?;
    let float = |n: f64| (n.is_finite() && n.abs() < 9e15).then_some(n as i64);
    match value {
        Value::Number(n) => n.as_i64().or_else(|| n.as_f64().and_then(float)),
        Value::String(text) => text.trim().parse().ok().and_then(float),
        _ => None,
    }
}

/// Returns a field as a count; `None` where it is no number or a negative one.
pub(super) fn count(value: &Value, key: &str) -> Option<u64> {
    u64::try_from(integer(value, key)?).ok()
}

/// Returns a field as a time in Unix seconds: a number, or a date as RFC 3339 writes it.
pub(super) fn time(value: &Value, key: &str) -> Option<i64> {
    integer(value, key).or_else(|| {
        let instant: Timestamp = value.get(key)?.as_str()?.trim().parse().ok()?;
        Some(instant.as_second())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_read_in_any_spelling() {
        let object = json!({"a": "x", "n": 7, "f": 1.75, "t": " 12 ", "e": "", "z": null, "b": true, "o": {}, "m": -1,
            "d": "2026-07-19T17:13:57.2491382+00:00", "big": 1e300});
        let word = |key| text(&object, key);
        assert_eq!((word("a"), word("n"), word("b")), (Some("x".into()), Some("7".into()), Some("true".into())));
        assert_eq!(["e", "z", "o", "none"].map(word), [const { None }; 4]);
        let number = |key| integer(&object, key);
        assert_eq!(["n", "f", "t", "m"].map(number), [Some(7), Some(1), Some(12), Some(-1)]);
        assert_eq!(["a", "e", "z", "o", "big"].map(number), [None; 5]);
        assert_eq!((count(&object, "n"), count(&object, "m")), (Some(7), None));
        assert_eq!((time(&object, "n"), time(&object, "d"), time(&object, "a")), (Some(7), Some(1_784_481_237), None));
    }
}
