//! A request line read back: for a batch that another copy of the database made, whose input file is all we know of it.
//!
//! Every layout that gleaner writes or ever wrote is understood: instructions in a `developer` or `system` message, or
//! in the field `instructions`; with the marks of the prompt cache or without. What is read is the same for all of
//! them, so a change of layout makes another prompt of nothing.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::model::Kind;
use crate::profile::{Endpoint, Prompt};
use crate::text::hex;

/// A request line, taken apart into what is asked and what is given to read.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestLine {
    /// Name of the schema.
    pub custom_id: String,
    /// Endpoint that the line is for.
    pub endpoint: Endpoint,
    /// Text that the model is given to read.
    pub input: String,
    /// The body without the input, whatever its layout: the instructions stand in `instructions`, the marks of the
    /// prompt cache are left out.
    pub question: Map<String, Value>,
}

impl RequestLine {
    /// Reads a line; `None`: it is none that gleaner writes.
    pub fn open(line: &[u8]) -> Option<RequestLine> {
        let mut line: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let endpoint = Endpoint::parse(line.get("url")?.as_str()?)?;
        let Some(Value::Object(mut body)) = line.remove("body") else { return None };
        let mut field = body.shift_remove("instructions");
        let input = match (endpoint, body.shift_remove(conversation_name(endpoint))?) {
            (Endpoint::Responses, Value::String(input)) => input,
            (_, Value::Array(messages)) => {
                let [mut instructions, mut input] = <[Value; 2]>::try_from(messages).ok()?;
                if !matches!(instructions["role"].as_str()?, "developer" | "system") || input["role"] != "user" {
                    return None;
                }
                field = Some(text(instructions.get_mut("content")?.take())?.into());
                text(input.get_mut("content")?.take())?
            }
            _ => return None,
        };
        // One order for all layouts: the fingerprint of a question that no profile puts is made of its text.
        let mut question = Map::new();
        for (name, value) in [("model", body.shift_remove("model")), ("instructions", field)] {
            question.extend(value.map(|value| (name.to_owned(), value)));
        }
        question.extend(body.into_iter().filter(|(name, _)| !CACHE_MARKS.contains(&name.as_str())));
        let Some(Value::String(custom_id)) = line.remove("custom_id") else { return None };
        Some(RequestLine { custom_id, endpoint, input, question })
    }

    /// Returns whether this prompt would have written the line.
    pub fn is_from(&self, prompt: &Prompt) -> bool {
        let mut line = vec![];
        super::LineTemplate::new(prompt)
            .write(&mut line, &crate::model::CustomId::new("-"), "")
            .expect("a Vec takes every write");
        RequestLine::open(&line).is_some_and(|own| self.endpoint == own.endpoint && self.question == own.question)
    }

    /// Makes a prompt of the line, for a question that no profile here would put. `limit` is how much of an answer is
    /// kept. Its fingerprint is over the whole question and equals that of no profile.
    pub fn ask(&self, kind: Kind, limit: u32) -> Option<Prompt> {
        let mut rest = self.question.clone();
        let digest = Sha256::digest(Value::Object(rest.clone()).to_string());
        let fingerprint: String = hex(&digest);
        let Some(Value::String(model)) = rest.remove("model") else { return None };
        let mut parameters = Map::new();
        let instructions = rest.remove("instructions");
        let format = match self.endpoint {
            Endpoint::Responses => {
                let mut text = rest.remove("text").unwrap_or_default();
                if let Some(verbosity) = text.get_mut("verbosity") {
                    parameters.insert("verbosity".into(), verbosity.take());
                }
                if let Some(effort) =
                    rest.remove("reasoning").as_mut().and_then(|reasoning| reasoning.get_mut("effort"))
                {
                    parameters.insert("reasoning_effort".into(), effort.take());
                }
                text.get("format").cloned()
            }
            Endpoint::Chat => {
                if let Some(tokens) = rest.remove("max_completion_tokens") {
                    parameters.insert("max_output_tokens".into(), tokens);
                }
                let mut format = rest.remove("response_format").unwrap_or_default();
                format.get_mut("json_schema").map(Value::take)
            }
        };
        parameters.extend(rest);
        let format = format.unwrap_or_default();
        Some(Prompt {
            kind,
            model,
            endpoint: self.endpoint,
            parameters,
            instructions: instructions.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
            limit,
            schema_name: format["name"].as_str().unwrap_or_default().to_owned(),
            schema: format.get("schema").cloned().unwrap_or_else(|| Value::Object(Map::new())),
            fingerprint: format!("line-{kind}-{fingerprint}"),
        })
    }
}

/// Fields that only say what is to be cached.
const CACHE_MARKS: [&str; 2] = ["prompt_cache_key", "prompt_cache_options"];

/// Returns the name of what a body says, instructions or story.
fn conversation_name(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Responses => "input",
        Endpoint::Chat => "messages",
    }
}

/// Returns the text of a message: a string, or one part with a text.
fn text(content: Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text),
        Value::Array(parts) => match <[Value; 1]>::try_from(parts).ok()? {
            [mut part] => match part.get_mut("text")?.take() {
                Value::String(text) => Some(text),
                _ => None,
            },
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CustomId;
    use crate::profile::{Profile, PromptOptions, make_prompt};
    use crate::request::LineTemplate;
    use crate::request::line::{InstructionsIn, Layout};

    #[test]
    fn a_line_of_any_layout_is_read_back() {
        let profile = Profile::parse(Profile::builtin("news").unwrap()).unwrap();
        let layouts = [InstructionsIn::Message, InstructionsIn::Field]
            .map(|instructions| [true, false].map(|explicit_cache| Layout { instructions, explicit_cache }));
        for endpoint in [Endpoint::Responses, Endpoint::Chat] {
            for (kind, model) in Kind::ALL.into_iter().zip(["gpt-6-luna", "gpt-4.1"]) {
                let verbosity = Some("low".into());
                let options =
                    PromptOptions { endpoint, verbosity, model: Some(model.into()), ..PromptOptions::default() };
                let asked = make_prompt(&profile, kind, &options).unwrap();
                let other = Prompt { model: "other".into(), ..asked.clone() };
                let mut fingerprints = vec![];
                for layout in layouts.into_iter().flatten() {
                    let mut line = vec![];
                    let template = LineTemplate::laid_out(&asked, layout);
                    template.write(&mut line, &CustomId::new("topic_g1"), "A \"story\"\n").unwrap();
                    let back = RequestLine::open(&line).unwrap();
                    assert_eq!((back.custom_id.as_str(), back.input.as_str()), ("topic_g1", "A \"story\"\n"));
                    assert!(back.is_from(&asked) && !back.is_from(&other));
                    // Made anew it writes the same line, though under a fingerprint of its own.
                    let again = back.ask(kind, asked.limit).unwrap();
                    assert!(back.is_from(&again) && again.fingerprint != asked.fingerprint);
                    assert_eq!((&again.model, &again.instructions), (&asked.model, &asked.instructions));
                    fingerprints.push(again.fingerprint);
                }
                fingerprints.dedup();
                assert_eq!(fingerprints.len(), 1, "a layout is no part of what is asked");
            }
        }
    }

    /// As versions before the `developer` message wrote it: what lies at the provider must stay readable.
    #[test]
    fn a_line_of_an_earlier_version_is_read_back() {
        let check = |url: &str, body: &str| {
            let line = format!(r#"{{"custom_id":"topic_1","method":"POST","url":"{url}","body":{body}}}"#);
            let back = RequestLine::open(line.as_bytes()).unwrap();
            let prompt = back.ask(Kind::Topic, 9).unwrap();
            assert_eq!((back.input.as_str(), prompt.instructions.as_str()), ("Story", "Name the topics."));
            assert_eq!(Value::Object(prompt.parameters), serde_json::json!({"store": false}));
        };
        check("/v1/responses", r#"{"model":"m","instructions":"Name the topics.","store":false,"input":"Story"}"#);
        check(
            "/v1/chat/completions",
            r#"{"model":"m","store":false,"messages":[{"role":"system","content":"Name the topics."},
                {"role":"user","content":"Story"}]}"#,
        );
    }

    #[test]
    fn other_lines_are_none_of_ours() {
        for line in [
            "",
            "[]",
            "{}",
            r#"{"custom_id":"a","url":"/v1/embeddings","body":{"input":"x"}}"#,
            r#"{"custom_id":"a","url":"/v1/responses","body":{"input":[1]}}"#,
            r#"{"custom_id":"a","url":"/v1/responses","body":{"input":[1,2]}}"#,
            r#"{"custom_id":"a","url":"/v1/responses","body":{"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}}"#,
            r#"{"custom_id":"a","url":"/v1/responses","body":{"input":[{"role":"developer","content":[]},{"role":"user","content":"b"}]}}"#,
            r#"{"url":"/v1/responses","body":{"input":"x"}}"#,
            r#"{"custom_id":"a","url":"/v1/chat/completions","body":{"messages":[]}}"#,
            r#"{"custom_id":"a","url":"/v1/chat/completions","body":{"messages":"x"}}"#,
        ] {
            assert_eq!(RequestLine::open(line.as_bytes()), None, "{line}");
        }
    }
}
