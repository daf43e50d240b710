//! One line of a request file, written fast.
//!
//! A run of 50,000 groups writes 100,000 lines that differ only in `custom_id` and `input`, and the rest of a line
//! (instructions and schema) is often longer than the story. So it is serialized once, here, and a line is four
//! writes.

use std::io;

use serde_json::{Map, Value, json};

use super::tokens;
use crate::model::CustomId;
use crate::profile::{Ask, Endpoint};

/// How much structure the server is asked to enforce; each later form is for servers that refuse the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Structured Outputs: a strict JSON schema. What the provider's batches always use.
    Schema,
    /// `json_object`: some JSON object; the schema is told in the instructions.
    JsonObject,
    /// Nothing is enforced; the schema is told in the instructions.
    Plain,
}

impl Form {
    /// Returns the next weaker form.
    pub fn weaker(self) -> Option<Form> {
        match self {
            Form::Schema => Some(Form::JsonObject),
            Form::JsonObject => Some(Form::Plain),
            Form::Plain => None,
        }
    }
}

/// All of a request line that does not depend on the group, serialized.
#[derive(Clone, Debug)]
pub struct LineTemplate {
    /// From after the `custom_id` up to the body.
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
    /// Makes the template of an ask with a strict JSON schema.
    pub fn new(ask: &Ask) -> Self {
        Self::with_form(ask, Form::Schema)
    }

    /// Makes the template for a server that knows `json_object` but no schema.
    pub fn json_object(ask: &Ask) -> Self {
        Self::with_form(ask, Form::JsonObject)
    }

    /// Makes the template for a server that enforces nothing.
    pub fn plain(ask: &Ask) -> Self {
        Self::with_form(ask, Form::Plain)
    }

    /// Makes the template of an ask in one of the forms.
    pub fn with_form(ask: &Ask, form: Form) -> Self {
        let instructions = match form {
            Form::Schema => ask.instructions.clone(),
            Form::JsonObject | Form::Plain => format!(
                "{}\n\nAnswer with one JSON object and nothing else: no prose, no code fence. It follows this JSON \
                 schema:\n{}",
                ask.instructions, ask.schema
            ),
        };
        let (body, body_end) = match ask.endpoint {
            Endpoint::Responses => (responses_body(ask, form, &instructions), "}"),
            Endpoint::Chat => (chat_body(ask, form, &instructions), "}]}"),
        };
        // The body is serialized with an empty story and cut before it: what follows is known from its shape.
        let mut body_start = Value::Object(body).to_string();
        let cut = body_start.len() - body_end.len() - "\"\"".len();
        debug_assert_eq!(&body_start[cut..], format!("\"\"{body_end}"));
        body_start.truncate(cut);
        let middle = format!(",\"method\":\"POST\",\"url\":\"{}\",\"body\":", ask.endpoint.path());
        let prompt_tokens = tokens::estimate(&instructions)
            + if form == Form::Schema { tokens::estimate(&ask.schema.to_string()) } else { 0 }
            + tokens::PER_REQUEST;
        Self { middle, body_start, body_end, prompt_tokens }
    }

    /// Writes one line, newline included, and returns its length in bytes.
    pub fn write(&self, out: &mut impl io::Write, custom_id: &CustomId, input: &str) -> io::Result<usize> {
        let mut out = Counting { out, n_bytes: 0 };
        io::Write::write_all(&mut out, LINE_START.as_bytes())?;
        serde_json::to_writer(&mut out, custom_id.as_str())?;
        io::Write::write_all(&mut out, self.middle.as_bytes())?;
        self.write_body(&mut out, input)?;
        io::Write::write_all(&mut out, b"}\n")?;
        Ok(out.n_bytes)
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

/// Returns the length of a text as a JSON string, quotes included.
pub fn json_bytes(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => "\\u0000".len() - 1,
        _ => 0,
    };
    text.len() + 2 + text.bytes().map(more).sum::<usize>()
}

/// The body of `/v1/responses`, `input` last.
fn responses_body(ask: &Ask, form: Form, instructions: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), ask.model.clone().into());
    body.insert("instructions".into(), instructions.into());
    let mut text = Map::new();
    match form {
        Form::Schema => {
            let format = json!({"type": "json_schema", "name": ask.schema_name, "strict": true, "schema": ask.schema});
            text.insert("format".into(), format);
        }
        Form::JsonObject => _ = text.insert("format".into(), json!({"type": "json_object"})),
        Form::Plain => {}
    }
    for (name, value) in &ask.parameters {
        match name.as_str() {
            "reasoning_effort" => _ = body.insert("reasoning".into(), json!({"effort": value})),
            "verbosity" => _ = text.insert("verbosity".into(), value.clone()),
            _ => _ = body.insert(name.clone(), value.clone()),
        }
    }
    if !text.is_empty() {
        body.insert("text".into(), text.into());
    }
    body.insert("input".into(), "".into());
    body
}

/// The body of `/v1/chat/completions`, `messages` last and the story last in them.
fn chat_body(ask: &Ask, form: Form, instructions: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".into(), ask.model.clone().into());
    for (name, value) in &ask.parameters {
        match name.as_str() {
            "max_output_tokens" => _ = body.insert("max_completion_tokens".into(), value.clone()),
            // Chat completions are not stored unless asked for, and other servers stumble over the field.
            "store" => {}
            _ => _ = body.insert(name.clone(), value.clone()),
        }
    }
    match form {
        Form::Schema => {
            let schema = json!({"name": ask.schema_name, "strict": true, "schema": ask.schema});
            body.insert("response_format".into(), json!({"type": "json_schema", "json_schema": schema}));
        }
        Form::JsonObject => _ = body.insert("response_format".into(), json!({"type": "json_object"})),
        Form::Plain => {}
    }
    body.insert(
        "messages".into(),
        json!([{"role": "system", "content": instructions}, {"role": "user", "content": ""}]),
    );
    body
}

/// Counts what passes through.
struct Counting<'a, W> {
    out: &'a mut W,
    n_bytes: usize,
}

impl<W: io::Write> io::Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = self.out.write(bytes)?;
        self.n_bytes += n_bytes;
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::model::Kind;
    use crate::profile::{AskOptions, Profile, ask};

    /// The line as the provider reads it; a field that is not here fails the test.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line<Body> {
        custom_id: String,
        method: String,
        url: String,
        body: Body,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ResponsesBody {
        model: String,
        instructions: String,
        #[serde(default)]
        text: Text,
        reasoning: Option<Reasoning>,
        max_output_tokens: Option<u32>,
        temperature: Option<f64>,
        store: bool,
        input: String,
    }

    #[derive(Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        format: Option<Format>,
        verbosity: Option<String>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Reasoning {
        effort: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
    enum Format {
        JsonSchema { name: String, strict: bool, schema: Value },
        JsonObject {},
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ChatBody {
        model: String,
        messages: Vec<Message>,
        response_format: Option<ChatFormat>,
        reasoning_effort: Option<String>,
        verbosity: Option<String>,
        max_completion_tokens: Option<u32>,
        temperature: Option<f64>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Message {
        role: String,
        content: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
    enum ChatFormat {
        JsonSchema { json_schema: ChatSchema },
        JsonObject {},
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ChatSchema {
        name: String,
        strict: bool,
        schema: Value,
    }

    const HOSTILE: &str = "\u{7f}\u{0}\u{8}\u{c}\r\"quoted\" \\ back\nnew\tline \u{1} \u{2028} 😀 </script> }}{{ é";

    fn news(kind: Kind, options: &AskOptions) -> Ask {
        ask(&Profile::parse(Profile::builtin("news").unwrap()).unwrap(), kind, options).unwrap()
    }

    fn everything_set(endpoint: Endpoint) -> AskOptions {
        AskOptions {
            verbosity: Some("low".into()),
            max_output_tokens: Some(900),
            temperature: Some(0.5),
            endpoint,
            ..AskOptions::default()
        }
    }

    fn line(template: &LineTemplate, custom_id: &str, input: &str) -> String {
        let mut out = vec![];
        let n_bytes = template.write(&mut out, &CustomId::new(custom_id), input).unwrap();
        assert_eq!(n_bytes, out.len());
        assert_eq!(template.line_bytes(&CustomId::new(custom_id), json_bytes(input)), out.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_what_the_responses_endpoint_takes() {
        let ask = news(Kind::Entity, &everything_set(Endpoint::Responses));
        let text = line(&LineTemplate::new(&ask), "entity_a", HOSTILE);
        assert_eq!(text.matches('\n').count(), 1, "one line, ended");
        let line: Line<ResponsesBody> = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (line.custom_id.as_str(), line.method.as_str(), line.url.as_str()),
            ("entity_a", "POST", "/v1/responses")
        );
        let body = line.body;
        assert_eq!((body.model, body.instructions, body.input), (ask.model, ask.instructions, HOSTILE.into()));
        assert_eq!((body.max_output_tokens, body.temperature, body.store), (Some(900), Some(0.5), false));
        assert_eq!((body.reasoning.unwrap().effort, body.text.verbosity), ("low".into(), Some("low".into())));
        let Some(Format::JsonSchema { name, strict, schema }) = body.text.format else { panic!("no schema") };
        assert_eq!((name, strict, schema), ("entities".into(), true, ask.schema));
    }

    #[test]
    fn a_line_is_what_the_chat_endpoint_takes() {
        let ask = news(Kind::Topic, &everything_set(Endpoint::Chat));
        let line: Line<ChatBody> = serde_json::from_str(&line(&LineTemplate::new(&ask), "topic_a", HOSTILE)).unwrap();
        assert_eq!((line.custom_id.as_str(), line.url.as_str()), ("topic_a", "/v1/chat/completions"));
        let body = line.body;
        let messages: Vec<(&str, &str)> = body.messages.iter().map(|m| (m.role.as_str(), m.content.as_str())).collect();
        assert_eq!(messages, [("system", ask.instructions.as_str()), ("user", HOSTILE)]);
        assert_eq!((body.model, body.max_completion_tokens, body.temperature), (ask.model, Some(900), Some(0.5)));
        assert_eq!((body.reasoning_effort.as_deref(), body.verbosity.as_deref()), (Some("low"), Some("low")));
        let Some(ChatFormat::JsonSchema { json_schema }) = body.response_format else { panic!("no schema") };
        assert_eq!((json_schema.name, json_schema.strict, json_schema.schema), ("topics".into(), true, ask.schema));
    }

    #[test]
    fn what_is_unset_is_not_sent() {
        let unset = || Some(AskOptions::UNSET.to_owned());
        let options = AskOptions { reasoning_effort: unset(), max_output_tokens: Some(0), ..AskOptions::default() };
        let body: ResponsesBody =
            serde_json::from_str(&LineTemplate::new(&news(Kind::Topic, &options)).body("x")).unwrap();
        assert!(body.reasoning.is_none() && body.max_output_tokens.is_none() && body.temperature.is_none());
        assert!(body.text.verbosity.is_none());
    }

    #[test]
    fn weaker_servers_are_told_the_schema_in_words() {
        for endpoint in [Endpoint::Responses, Endpoint::Chat] {
            let ask = news(Kind::Topic, &AskOptions { endpoint, ..AskOptions::default() });
            for form in [Form::JsonObject, Form::Plain] {
                let body = LineTemplate::with_form(&ask, form).body("story");
                let (instructions, is_object, is_plain) = match endpoint {
                    Endpoint::Responses => {
                        let body: ResponsesBody = serde_json::from_str(&body).unwrap();
                        let format = body.text.format;
                        (body.instructions, matches!(format, Some(Format::JsonObject {})), format.is_none())
                    }
                    Endpoint::Chat => {
                        let body: ChatBody = serde_json::from_str(&body).unwrap();
                        let format = body.response_format;
                        let instructions = body.messages[0].content.clone();
                        (instructions, matches!(format, Some(ChatFormat::JsonObject {})), format.is_none())
                    }
                };
                assert_eq!((is_object, is_plain), (form == Form::JsonObject, form == Form::Plain));
                assert!(instructions.starts_with(&ask.instructions) && instructions.ends_with(&ask.schema.to_string()));
            }
        }
        assert_eq!(Form::Schema.weaker().and_then(Form::weaker), Some(Form::Plain));
        assert_eq!(Form::Plain.weaker(), None);
    }

    /// The prompt cache serves equal beginnings only.
    #[test]
    fn lines_differ_only_in_the_name_and_at_the_end() {
        for endpoint in [Endpoint::Responses, Endpoint::Chat] {
            let template = LineTemplate::new(&news(Kind::Entity, &everything_set(endpoint)));
            let (a, b) = (template.body("first"), template.body("second"));
            let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            assert_eq!(&a[same..].trim_end_matches(['}', ']']), &"first\"");
            assert_eq!(line(&template, "", "").len(), template.overhead_bytes());
            assert!(template.estimate_tokens("a story") > template.estimate_tokens(""));
        }
    }
}
