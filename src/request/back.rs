//! A request line read back: for a batch that another copy of the database made, whose input file is all we know of it.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::model::Kind;
use crate::profile::{Endpoint, Prompt};

/// A request line, taken apart into what is asked and what is given to read.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestLine {
    /// Its name.
    pub custom_id: String,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// What the model is given to read.
    pub input: String,
    /// The body without the input.
    pub question: Map<String, Value>,
}

impl RequestLine {
    /// Reads a line; `None`: it is none that gleaner writes.
    pub fn open(line: &[u8]) -> Option<RequestLine> {
        let mut line: Map<String, Value> = serde_json::from_slice(line).ok()?;
        let endpoint = Endpoint::parse(line.get("url")?.as_str()?)?;
        let Some(Value::Object(mut question)) = line.remove("body") else { return None };
        let input = match endpoint {
            Endpoint::Responses => question.remove("input"),
            Endpoint::Chat => {
                let messages = question.get_mut("messages")?.as_array_mut()?;
                let last = (messages.len() == 2).then(|| messages.pop()).flatten();
                last.and_then(|mut last| last.get_mut("content").map(Value::take))
            }
        };
        let (Some(Value::String(input)), Some(Value::String(custom_id))) = (input, line.remove("custom_id")) else {
            return None;
        };
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

    /// Makes a prompt of the line, for a question that no profile here would put. `limit` is how much of an answer is kept.
    /// Its fingerprint is over the whole question and equals that of no profile.
    pub fn ask(&self, kind: Kind, limit: u32) -> Option<Prompt> {
        let mut rest = self.question.clone();
        let digest = Sha256::digest(Value::Object(rest.clone()).to_string());
        let fingerprint: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let Some(Value::String(model)) = rest.remove("model") else { return None };
        let mut parameters = Map::new();
        let (instructions, format) = match self.endpoint {
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
                (rest.remove("instructions"), text.get("format").cloned())
            }
            Endpoint::Chat => {
                let mut messages = rest.remove("messages").unwrap_or_default();
                if let Some(tokens) = rest.remove("max_completion_tokens") {
                    parameters.insert("max_output_tokens".into(), tokens);
                }
                let mut format = rest.remove("response_format").unwrap_or_default();
                let format = format.get_mut("json_schema").map(Value::take);
                (messages.pointer_mut("/0/content").map(Value::take), format)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CustomId;
    use crate::profile::{Profile, PromptOptions, make_prompt};
    use crate::request::LineTemplate;

    #[test]
    fn a_line_that_was_written_is_read_back() {
        let profile = Profile::parse(Profile::builtin("news").unwrap()).unwrap();
        for endpoint in [Endpoint::Responses, Endpoint::Chat] {
            for kind in Kind::ALL {
                let options = PromptOptions { endpoint, verbosity: Some("low".into()), ..PromptOptions::default() };
                let asked = make_prompt(&profile, kind, &options).unwrap();
                let other = Prompt { model: "other".into(), ..asked.clone() };
                let mut line = vec![];
                LineTemplate::new(&asked).write(&mut line, &CustomId::new("topic_g1"), "A \"story\"\n").unwrap();
                let back = RequestLine::open(&line).unwrap();
                assert_eq!((back.custom_id.as_str(), back.input.as_str()), ("topic_g1", "A \"story\"\n"));
                assert!(back.is_from(&asked) && !back.is_from(&other));
                // Made anew it writes the same line, though under a fingerprint of its own.
                let again = back.ask(kind, asked.limit).unwrap();
                assert!(back.is_from(&again) && again.fingerprint != asked.fingerprint);
                assert_eq!((again.model, again.instructions), (asked.model, asked.instructions));
            }
        }
    }

    #[test]
    fn other_lines_are_none_of_ours() {
        for line in [
            "",
            "[]",
            "{}",
            r#"{"custom_id":"a","url":"/v1/embeddings","body":{"input":"x"}}"#,
            r#"{"custom_id":"a","url":"/v1/responses","body":{"input":[1]}}"#,
            r#"{"url":"/v1/responses","body":{"input":"x"}}"#,
            r#"{"custom_id":"a","url":"/v1/chat/completions","body":{"messages":[]}}"#,
        ] {
            assert_eq!(RequestLine::open(line.as_bytes()), None, "{line}");
        }
    }
}
