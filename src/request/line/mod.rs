//! One line of a request file, written fast.
//!
//! A run of 50,000 groups writes 100,000 lines that differ only in `custom_id` and `input`, and the rest of a line
//! (instructions and schema) is often longer than the story. So it is serialized once, here, and a line is four
//! writes.

mod layout;
mod body;

pub use layout::{Form, InstructionsIn, Layout, takes_explicit_cache};

use std::io;

use serde_json::Value;

use super::tokens;
use crate::model::CustomId;
use crate::profile::Prompt;

/// Parts of a request line that do not depend on the group, serialized.
#[derive(Clone, Debug)]
pub struct LineTemplate {
    /// Bytes from after the `custom_id` up to the body.
    middle: String,
    /// The body up to the `input`.
    body_start: String,
    /// The body after the `input`.
    body_end: &'static str,
    prompt_tokens: u64,
}

/// The start of every line, up to the `custom_id`.
const LINE_START: &str = "{\"custom_id\":";

impl LineTemplate {
    /// Makes the template of a prompt with a strict JSON schema, laid out as the provider's own models read it best.
    pub fn new(prompt: &Prompt) -> Self {
        Self::with(prompt, Form::Schema, Layout::default())
    }

    /// Makes the template of a prompt with a strict JSON schema in a layout.
    pub fn laid_out(prompt: &Prompt, layout: Layout) -> Self {
        Self::with(prompt, Form::Schema, layout)
    }

    /// Makes the template of a prompt in one of the forms and layouts.
    pub fn with(prompt: &Prompt, form: Form, layout: Layout) -> Self {
        let instructions = match form {
            Form::Schema => prompt.instructions.clone(),
            Form::JsonObject | Form::Plain => format!(
                "{}\n\nAnswer with one JSON object and nothing else: no prose, no code fence. It follows this JSON \
                 schema:\n{}",
                prompt.instructions, prompt.schema
            ),
        };
        let (body, body_end) = body::body(prompt, form, layout, &instructions);
        // The body is serialized with an empty story and cut before it: what follows is known from its shape.
        let mut body_start = Value::Object(body).to_string();
        let cut = body_start.len() - body_end.len() - "\"\"".len();
        debug_assert_eq!(&body_start[cut..], format!("\"\"{body_end}"));
        body_start.truncate(cut);
        let middle = format!(",\"method\":\"POST\",\"url\":\"{}\",\"body\":", prompt.endpoint.path());
        let prompt_tokens = tokens::estimate(&instructions)
            + if form == Form::Schema { tokens::estimate(&prompt.schema.to_string()) } else { 0 }
            + tokens::PER_REQUEST;
        Self { middle, body_start, body_end, prompt_tokens }
    }

    /// Writes one line, newline included, and returns its length in bytes.
    pub fn write(&self, out: &mut impl io::Write, custom_id: &CustomId, input: &str) -> io::Result<usize> {
        self.write_escaped(out, custom_id, &escaped(input))
    }

    /// Writes one line with an input that is [`escaped`], which the lines of a group share.
    pub fn write_escaped(&self, out: &mut impl io::Write, custom_id: &CustomId, input: &str) -> io::Result<usize> {
        let id = escaped(custom_id.as_str());
        let pieces = [LINE_START, &id, &self.middle, &self.body_start, input, self.body_end, "}\n"];
        pieces.iter().try_for_each(|piece| out.write_all(piece.as_bytes()))?;
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    /// Returns the body alone, for a synchronous call: compact JSON.
    pub fn body(&self, input: &str) -> String {
        let mut body = Vec::with_capacity(self.body_start.len() + input.len() + 64);
        self.write_body(&mut body, input).expect("a Vec takes every write");
        String::from_utf8(body).expect("JSON is UTF-8")
    }

    /// Returns the length of a line with an empty `custom_id` and an empty `input`.
    pub fn overhead_bytes(&self) -> usize {
        LINE_START.len() + self.middle.len() + self.body_start.len() + self.body_end.len() + "\"\"\"\"}\n".len()
    }

    /// Returns the length of the line that [`LineTemplate::write`] writes, without writing it: `input_json_bytes` is the
    /// [`json_bytes`] of the input, which the lines of a group share.
    pub fn line_bytes(&self, custom_id: &CustomId, input_json_bytes: usize) -> usize {
        self.overhead_bytes() - "\"\"\"\"".len() + json_bytes(custom_id.as_str()) + input_json_bytes
    }

    /// Estimates the input tokens of all but the story text.
    pub fn prompt_tokens(&self) -> u64 {
        self.prompt_tokens
    }

    /// Estimates the tokens that all requests of the prompt begin with.
    pub fn prefix_tokens(&self) -> u64 {
        self.prompt_tokens - tokens::PER_REQUEST
    }

    /// Estimates the input tokens of a request: instructions, schema and story text (see [`tokens`]).
    pub fn estimate_tokens(&self, input: &str) -> u64 {
        self.prompt_tokens + tokens::estimate(input)
    }

    fn write_body(&self, out: &mut impl io::Write, input: &str) -> io::Result<()> {
        out.write_all(self.body_start.as_bytes())?;
        serde_json::to_writer(&mut *out, input)?;
        out.write_all(self.body_end.as_bytes())
    }
}

/// Returns a text as a JSON string, quotes included.
pub fn escaped(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

/// Returns the length of a text as a JSON string, quotes included.
pub fn json_bytes(text: &str) -> usize {
    /// Bytes that each byte takes beside its own.
    const MORE: [u8; 256] = {
        let mut more = [0; 256];
        let mut byte = 0;
        while byte < 0x20 {
            more[byte] = "\\u0000".len() as u8 - 1;
            byte += 1;
        }
        let short = b"\"\\\n\r\t\x08\x0c";
        let mut at = 0;
        while at < short.len() {
            more[short[at] as usize] = 1;
            at += 1;
        }
        more
    };
    text.len() + 2 + text.bytes().map(|byte| usize::from(MORE[usize::from(byte)])).sum::<usize>()
}

#[cfg(test)]
mod tests;
