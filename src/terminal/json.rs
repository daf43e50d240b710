//! Results as JSON: indented, or an object a line.

use std::io::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::stdout::on_stdout;
use super::{Terminal, lock};
use crate::text::hidden::is_hidden;

impl Terminal {
    /// Writes a value to stdout as indented JSON, or the list it holds as lines of JSON where lines are wanted.
    pub fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.is_json_lines() {
            let value = serde_json::to_value(value)?;
            let is_list = |value: &&Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_object));
            let list = value.as_object().and_then(|object| object.values().find(is_list));
            return match list.and_then(Value::as_array) {
                Some(list) => list.iter().try_for_each(|item| self.json_line(item)),
                None => self.json_line(&value),
            };
        }
        let text = serde_json::to_string_pretty(value)?;
        self.above_bars(|| writeln!(lock(&self.inner.out), "{}", inert_json(&text))).map_err(on_stdout)
    }

    /// Writes a value to stdout as JSON: what was done, which is one thing whatever lists are in it.
    pub fn json_whole(&self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.is_json_lines() { self.json_line(value) } else { self.json(value) }
    }

    /// Writes a value to stdout as one line of JSON.
    pub fn json_line(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.json_text(&serde_json::to_string(value)?)
    }

    /// Writes what is one line of JSON already to stdout.
    pub fn json_text(&self, text: &str) -> anyhow::Result<()> {
        self.above_bars(|| writeln!(lock(&self.inner.out), "{}", inert_json(text))).map_err(on_stdout)
    }
}

/// Escapes what JSON allows inside a string but a terminal would act on or hide: DEL, C1 controls, bidirectional
/// overrides, zero-width characters, tags. Who parses it gets the same text.
pub(super) fn inert_json(text: &str) -> std::borrow::Cow<'_, str> {
    let is_escaped = |c: char| c > '~' && is_hidden(c);
    // Nearly all text is so, and the greatest of many bytes is found at once.
    if text.bytes().fold(0, u8::max) < 0x7f {
        return text.into();
    }
    if !text.chars().any(is_escaped) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if is_escaped(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out.into()
}
