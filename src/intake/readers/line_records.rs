//! Records of one line each, and how the text of one JSON object becomes fields.

use std::io::BufRead;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::{COLUMNS_MAX, Record};
use crate::intake::{Fields, LineError, RECORD_BYTES_MAX, message};
use crate::text::lines::Lines;

/// Records of one line each: a JSON object, or whatever `read` makes of a line. Empty lines are nothing.
pub(in crate::intake) struct LineRecords<R> {
    lines: Lines<R>,
    read: fn(&[u8]) -> Result<Fields, String>,
    /// Further objects of the line that was read last, which stand one behind the other.
    more: std::vec::IntoIter<Fields>,
    may_have_several: bool,
    is_over: bool,
}

impl<R: BufRead> LineRecords<R> {
    /// Reads one JSON object a line, or several one behind the other.
    pub(in crate::intake) fn json(reader: R) -> Self {
        Self { may_have_several: true, ..Self::new(reader, fields) }
    }

    /// Reads lines; `read` makes the fields of one, or says why it is no record.
    pub(super) fn new(reader: R, read: fn(&[u8]) -> Result<Fields, String>) -> Self {
        Self {
            lines: Lines::new(reader, RECORD_BYTES_MAX),
            read,
            more: vec![].into_iter(),
            may_have_several: false,
            is_over: false,
        }
    }
}

impl<R: BufRead> Iterator for LineRecords<R> {
    type Item = Record;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(fields) = self.more.next() {
            return Some(Ok((self.lines.number(), fields)));
        }
        while !self.is_over {
            let number = self.lines.number() + 1;
            return Some(match self.lines.next() {
                Ok(None) => return None,
                Ok(Some(line)) if line.is_blank() => continue,
                Ok(Some(line)) if !line.is_whole => Err(LineError::new(number, super::too_long())),
                Ok(Some(line)) => match (self.read)(line.bytes) {
                    Ok(fields) => Ok((number, fields)),
                    Err(reason) => {
                        let mut all = if self.may_have_several { objects(line.bytes) } else { vec![] }.into_iter();
                        let first = all.next();
                        self.more = all;
                        first.map(|fields| (number, fields)).ok_or_else(|| LineError::new(number, reason))
                    }
                },
                Err(error) => {
                    self.is_over = true;
                    Err(LineError::fatal(number, format!("cannot be read: {error}")))
                }
            });
        }
        None
    }
}

/// Returns a line's text, or says where it is none.
pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to() + 1))
}

/// Reads one object, or says why it is none.
pub(in crate::intake) fn fields(json: &[u8]) -> Result<Fields, String> {
    let text = text(json)?;
    if text.len() > COLUMNS_MAX * FIELD_BYTES_MIN && is_too_wide(text) {
        return Err(format!("more than {COLUMNS_MAX} columns"));
    }
    let parsed = serde_json::from_str(text).or_else(|error| match without_nan(text) {
        Some(text) => serde_json::from_str(&text),
        None => Err(error),
    });
    match parsed {
        Ok(serde_json::Value::Object(fields)) if fields.len() > COLUMNS_MAX => Err(super::too_wide(fields.len())),
        Ok(serde_json::Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(format!("{} in place of a JSON object", message::kind_of(&other))),
        Err(error) => {
            // The library counts lines within the text; ours is one record, and the column is enough.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Err(format!("not JSON: {message} (column {})", error.column()))
        }
    }
}

/// The shortest field: `"":1,`.
const FIELD_BYTES_MIN: usize = 5;

/// Returns whether an object has more fields than are read. It looks no further than to the first that is too many, and
/// keeps none: a million of them are refused in no time.
fn is_too_wide(json: &str) -> bool {
    struct Count(usize);
    impl<'de> Visitor<'de> for &mut Count {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
            while self.0 <= COLUMNS_MAX && fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                self.0 += 1;
            }
            Ok(())
        }
    }
    let mut count = Count(0);
    // Where it stops before the end the rest is said to be wrong, which is no matter here.
    let _ = serde_json::Deserializer::from_str(json).deserialize_map(&mut count);
    count.0 > COLUMNS_MAX
}

/// Reads several objects that stand one behind the other; none where they are anything else.
fn objects(json: &[u8]) -> Vec<Fields> {
    let mut all = vec![];
    for value in serde_json::Deserializer::from_slice(json).into_iter::<serde_json::Value>() {
        match value {
            Ok(serde_json::Value::Object(fields)) if fields.len() <= COLUMNS_MAX => all.push(fields),
            _ => return vec![],
        }
    }
    all
}

/// Puts `null` where Python writes `NaN`, `Infinity` or `-Infinity`, which are no JSON; `None` where there are none.
fn without_nan(text: &str) -> Option<String> {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    let mut out = String::new();
    let (mut copied, mut at, mut in_string) = (0, 0, false);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(word) = WORDS.iter().find(|word| bytes[at..].starts_with(word.as_bytes())) {
                    out.push_str(&text[copied..at]);
                    out.push_str("null");
                    at += word.len();
                    copied = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    out.push_str(&text[copied..]);
    (copied > 0).then_some(out)
}
