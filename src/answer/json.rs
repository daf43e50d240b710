//! A JSON value as an answer writes it: strings borrow the answer's own text wherever nothing in them is escaped, and an
//! object is a list of its pairs. A line has a hundred values, most of which are only looked at.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Number;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Json<'t> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'t, str>),
    List(Vec<Json<'t>>),
    Object(Object<'t>),
}

/// The pairs of an object in their order, each key once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Object<'t> {
    pairs: Vec<(Cow<'t, str>, Json<'t>)>,
    /// Places by key, of an object with many: a hostile one must not cost the square of its size.
    places: Option<Box<Places<'t>>>,
}

/// Places of an object's pairs by key; apart from it, since hardly any object has so many.
#[derive(Clone, Debug, Default, PartialEq)]
struct Places<'t> {
    by_key: HashMap<Cow<'t, str>, usize>,
}

/// Pairs up to which a key is looked for among them one by one.
const FEW: usize = 32;

impl<'t> Json<'t> {
    /// Returns the value under a key; none where this is no object.
    pub(super) fn get(&self, key: &str) -> Option<&Json<'t>> {
        match self {
            Json::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// Returns the value at the end of keys, one inside the other.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Json<'t>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Takes out the value under a key, and leaves null; null where there is none.
    pub(super) fn take(&mut self, key: &str) -> Json<'t> {
        match self {
            Json::Object(object) => object.get_mut(key).map(std::mem::take).unwrap_or_default(),
            _ => Json::Null,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        self.as_number()?.as_f64()
    }

    pub(super) fn as_i64(&self) -> Option<i64> {
        self.as_number()?.as_i64()
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    fn as_number(&self) -> Option<&Number> {
        match self {
            Json::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Json<'t>] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// Returns the value with copies of all that it borrows.
    pub(super) fn into_owned(self) -> Json<'static> {
        match self {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(value),
            Json::Number(number) => Json::Number(number),
            Json::Text(text) => Json::Text(text.into_owned().into()),
            Json::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Json::Object(object) => Json::Object(
                object.into_iter().map(|(key, value)| (key.into_owned().into(), value.into_owned())).collect(),
            ),
        }
    }
}

impl<'t> Object<'t> {
    pub(super) fn with_capacity(n_pairs: usize) -> Object<'t> {
        Object { pairs: Vec::with_capacity(n_pairs), places: None }
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'t>)> {
        self.pairs.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(super) fn get(&self, key: &str) -> Option<&Json<'t>> {
        self.place(key).map(|at| &self.pairs[at].1)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Json<'t>> {
        self.place(key).map(|at| &mut self.pairs[at].1)
    }

    /// Puts a value under a key, in place of another under the same.
    pub(super) fn put(&mut self, key: Cow<'t, str>, value: Json<'t>) {
        match self.get_mut(&key) {
            Some(there) => *there = value,
            None => self.push(key, value),
        }
    }

    fn push(&mut self, key: Cow<'t, str>, value: Json<'t>) {
        match &mut self.places {
            Some(places) => _ = places.by_key.insert(key.clone(), self.pairs.len()),
            None if self.pairs.len() == FEW => {
                let keys = self.pairs.iter().map(|(key, _)| key.clone()).chain([key.clone()]);
                self.places = Some(Box::new(Places { by_key: keys.zip(0..).collect() }));
            }
            None => {}
        }
        self.pairs.push((key, value));
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.by_key.get(key).copied(),
            None => self.pairs.iter().position(|(known, _)| known == key),
        }
    }
}

impl<'t> IntoIterator for Object<'t> {
    type Item = (Cow<'t, str>, Json<'t>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

impl<'t> FromIterator<(Cow<'t, str>, Json<'t>)> for Object<'t> {
    fn from_iter<I: IntoIterator<Item = (Cow<'t, str>, Json<'t>)>>(pairs: I) -> Object<'t> {
        let mut object = Object::default();
        pairs.into_iter().for_each(|(key, value)| object.put(key, value));
        object
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Json<'de>, D::Error> {
        json.deserialize_any(AnyValue)
    }
}

/// Reader of any value.
pub(super) struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Json<'de>, A::Error> {
        let mut object = Object::default();
        while let Some((Text(key), value)) = pairs.next_entry()? {
            object.put(key, value);
        }
        Ok(Json::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(text.to_owned().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }
}

/// A string of JSON, borrowed where it can be.
#[derive(serde::Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => out.serialize_unit(),
            Json::Bool(value) => value.serialize(out),
            Json::Number(number) => number.serialize(out),
            Json::Text(text) => text.serialize(out),
            Json::List(items) => items.serialize(out),
            Json::Object(object) => {
                let mut map = out.serialize_map(Some(object.len()))?;
                for (key, value) in object.iter() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn values_are_read_as_by_others() {
        for text in [
            r#"{"a":[1,-2,2.5e3,true,null,"x\"é\u00e9"],"b":{},"\u0063":[],"a":18446744073709551615,"d":1e400}"#,
            "[]",
            "\"\"",
            "-0.0",
            "{\"a\":}",
            "[1,]",
            "nul",
        ] {
            let read = serde_json::from_str::<Json<'_>>(text).ok().map(|value| value.to_string());
            let other = serde_json::from_str::<Value>(text).ok().map(|value| value.to_string());
            assert_eq!(read, other, "{text}");
        }
    }

    #[test]
    fn an_object_of_many_keys_is_one_of_few() {
        for n in [FEW - 1, FEW, FEW + 1, 10 * FEW] {
            let pairs = || (0..n).map(|at| (Cow::from(format!("k{at}")), Json::Number(at.into())));
            let mut object: Object<'_> = pairs().chain([("k0".into(), Json::Null)]).collect();
            assert_eq!(object.len(), n);
            assert_eq!(object.get("k0"), Some(&Json::Null));
            for at in 1..n {
                assert_eq!(object.get(&format!("k{at}")), Some(&Json::Number(at.into())), "{n}");
            }
            object.put("new".into(), Json::Bool(true));
            assert_eq!((object.get("new"), object.get("none")), (Some(&Json::Bool(true)), None));
        }
    }

    #[test]
    fn what_is_not_escaped_is_borrowed() {
        let text = String::from(r#"{"plain":"as it is","es\tcaped":"\n"}"#);
        let Json::Object(object) = serde_json::from_str(&text).unwrap() else { panic!("an object") };
        let keys: Vec<bool> = object.pairs.iter().map(|(key, _)| matches!(key, Cow::Borrowed(_))).collect();
        assert_eq!(keys, [true, false]);
        let is_borrowed = |value: &Json<'_>| matches!(value, Json::Text(Cow::Borrowed(_)));
        assert!(is_borrowed(object.get("plain").unwrap()) && !is_borrowed(object.get("es\tcaped").unwrap()));
        assert_eq!(Json::Object(object.clone()).into_owned(), Json::Object(object));
    }
}
