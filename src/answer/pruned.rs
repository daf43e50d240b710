//! Reading of a line's JSON that keeps what is needed of it and skips the rest: three quarters of an output line repeat
//! what was asked.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::{AnyValue, Json, Object};

/// Selection of an object's values: the values under some of its keys, whole or pruned themselves.
#[derive(Clone, Copy)]
pub(super) struct Keep(&'static [(&'static str, Option<&'static Keep>)]);

/// Values of an output line that are read.
pub(super) const LINE: Keep = Keep(&[("custom_id", None), ("error", None), ("response", Some(&RESPONSE))]);

const RESPONSE: Keep = Keep(&[("status_code", None), ("body", Some(&BODY))]);

/// Values of a body that are read, and those of its errors.
const BODY: Keep = Keep(&[
    ("id", None),
    ("object", None),
    ("model", None),
    ("status", None),
    ("created_at", None),
    ("completed_at", None),
    ("created", None),
    ("usage", None),
    ("error", None),
    ("incomplete_details", None),
    ("output", None),
    ("output_text", None),
    ("choices", None),
    ("message", None),
]);

/// Reads a line of JSON.
pub(super) fn read(line: &str) -> serde_json::Result<Json<'_>> {
    let mut json = serde_json::Deserializer::from_str(line);
    let value = LINE.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Json<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keep {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json<'de>, A::Error> {
        let mut object = Object::default();
        let mut has_skipped = false;
        while let Some(key) = pairs.next_key_seed(Key(self))? {
            match key {
                Some((key, None)) => object.put(key.into(), pairs.next_value()?),
                Some((key, Some(keep))) => object.put(key.into(), pairs.next_value_seed(*keep)?),
                None => {
                    pairs.next_value::<IgnoredAny>()?;
                    has_skipped = true;
                }
            }
        }
        // An object with nothing that is read is still not an empty one.
        if object.is_empty() && has_skipped {
            object.put("".into(), Json::Null);
        }
        Ok(Json::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Json<'de>, A::Error> {
        AnyValue.visit_seq(list)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        AnyValue.visit_borrowed_str(text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        AnyValue.visit_str(text)
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        AnyValue.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        AnyValue.visit_bool(value)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        AnyValue.visit_u64(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        AnyValue.visit_i64(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        AnyValue.visit_f64(number)
    }
}

/// A key of an object: one that is kept with how, or none for one that is skipped.
struct Key(Keep);

type Kept = (&'static str, Option<&'static Keep>);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<Kept>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<Kept>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.0.iter().find(|(known, _)| *known == key).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_kept_and_the_rest_is_skipped() {
        for (line, expected) in [
            (
                r#"{"id":"x","custom_id":"topic_a","response":null,"error":{"code":"c","more":[1]}}"#,
                r#"{"custom_id":"topic_a","response":null,"error":{"code":"c","more":[1]}}"#,
            ),
            (
                r#"{"response":{"status_code":200,"request_id":"r","body":{"id":"i","text":{"format":{"schema":[{}]}},"usage":{"a":1.5}}}}"#,
                r#"{"response":{"status_code":200,"body":{"id":"i","usage":{"a":1.5}}}}"#,
            ),
            (r#"{"response":{"body":"{\"id\":1}"}}"#, r#"{"response":{"body":"{\"id\":1}"}}"#),
            (r#"{"response":[{"x":1},2]}"#, r#"{"response":[{"x":1},2]}"#),
            (r#"{"response":{"request_id":"r"}}"#, r#"{"response":{"":null}}"#),
            (r#"{"response":{}}"#, r#"{"response":{}}"#),
            (r#"{"error":1,"error":-2}"#, r#"{"error":-2}"#),
            ("[true,null]", "[true,null]"),
        ] {
            assert_eq!(read(line).unwrap().to_string(), expected, "{line}");
        }
        for wrong in ["", "{", r#"{"id":}"#, "{} {}", r#"{"id":[1,}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
