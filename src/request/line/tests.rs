//! A line as strict types read it: a field that is not expected fails the test.

use serde::Deserialize;

use super::*;
use crate::model::Kind;
use crate::profile::{Endpoint, Profile, PromptOptions, make_prompt};

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
    instructions: Option<String>,
    #[serde(default)]
    text: Text,
    reasoning: Option<Reasoning>,
    max_output_tokens: Option<u32>,
    temperature: Option<f64>,
    store: bool,
    prompt_cache_key: Option<String>,
    prompt_cache_options: Option<CacheMode>,
    input: Input,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Messages(Vec<Message>),
    Text(String),
}

impl Input {
    fn messages(&self) -> &[Message] {
        match self {
            Input::Messages(messages) => messages,
            Input::Text(text) => panic!("no messages: {text}"),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheMode {
    mode: String,
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
    prompt_cache_key: Option<String>,
    prompt_cache_options: Option<CacheMode>,
    messages: Vec<Message>,
    response_format: Option<ChatFormat>,
    reasoning_effort: Option<String>,
    verbosity: Option<String>,
    max_completion_tokens: Option<u32>,
    temperature: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    role: String,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentPart {
    #[serde(rename = "type")]
    kind: String,
    text: String,
    prompt_cache_breakpoint: Option<CacheMode>,
}

impl Message {
    /// Returns role and text, and the type of the part that a breakpoint stands behind.
    fn said(&self) -> (&str, &str, Option<&str>) {
        match &self.content {
            Content::Text(text) => (&self.role, text, None),
            Content::Parts(parts) => {
                let [part] = parts.as_slice() else { panic!("{parts:?}") };
                let mark = part.prompt_cache_breakpoint.as_ref();
                assert_eq!(mark.map(|mark| mark.mode.as_str()), Some("explicit"));
                (&self.role, &part.text, Some(&part.kind))
            }
        }
    }
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

fn news(kind: Kind, options: &PromptOptions) -> Prompt {
    make_prompt(&Profile::parse(Profile::builtin("news").unwrap()).unwrap(), kind, options).unwrap()
}

/// Everything that can be set, for a model that takes no explicit breakpoints.
fn everything_set(endpoint: Endpoint) -> PromptOptions {
    PromptOptions {
        model: Some("gpt-4.1".into()),
        verbosity: Some("low".into()),
        max_output_tokens: Some(900),
        temperature: Some(0.5),
        endpoint,
        ..PromptOptions::default()
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
    let prompt = news(Kind::Entity, &everything_set(Endpoint::Responses));
    let text = line(&LineTemplate::new(&prompt), "entity_a", HOSTILE);
    assert_eq!(text.matches('\n').count(), 1, "one line, ended");
    let line: Line<ResponsesBody> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (line.custom_id.as_str(), line.method.as_str(), line.url.as_str()),
        ("entity_a", "POST", "/v1/responses")
    );
    let body = line.body;
    let said: Vec<_> = body.input.messages().iter().map(Message::said).collect();
    assert_eq!(said, [("developer", prompt.instructions.as_str(), None), ("user", HOSTILE, None)]);
    assert_eq!((body.model, body.instructions), (prompt.model, None));
    assert_eq!((body.max_output_tokens, body.temperature, body.store), (Some(900), Some(0.5), false));
    assert_eq!((body.reasoning.unwrap().effort, body.text.verbosity), ("low".into(), Some("low".into())));
    let Some(Format::JsonSchema { name, strict, schema }) = body.text.format else { panic!("no schema") };
    assert_eq!((name, strict, schema), ("entities".into(), true, prompt.schema));
}

#[test]
fn a_line_is_what_the_chat_endpoint_takes() {
    let prompt = news(Kind::Topic, &everything_set(Endpoint::Chat));
    let line: Line<ChatBody> = serde_json::from_str(&line(&LineTemplate::new(&prompt), "topic_a", HOSTILE)).unwrap();
    assert_eq!((line.custom_id.as_str(), line.url.as_str()), ("topic_a", "/v1/chat/completions"));
    let body = line.body;
    let said: Vec<_> = body.messages.iter().map(Message::said).collect();
    assert_eq!(said, [("system", prompt.instructions.as_str(), None), ("user", HOSTILE, None)]);
    assert_eq!((body.model, body.max_completion_tokens, body.temperature), (prompt.model, Some(900), Some(0.5)));
    assert_eq!((body.reasoning_effort.as_deref(), body.verbosity.as_deref()), (Some("low"), Some("low")));
    let Some(ChatFormat::JsonSchema { json_schema }) = body.response_format else { panic!("no schema") };
    assert_eq!((json_schema.name, json_schema.strict, json_schema.schema), ("topics".into(), true, prompt.schema));
}

#[test]
fn the_end_of_what_is_cached_is_marked_for_models_that_take_it() {
    let model = Some("gpt-6-luna".to_string());
    for endpoint in [Endpoint::Responses, Endpoint::Chat] {
        let options = PromptOptions { model: model.clone(), endpoint, ..PromptOptions::default() };
        let keys = Kind::ALL.map(|kind| {
            let prompt = news(kind, &options);
            let body = LineTemplate::new(&prompt).body(HOSTILE);
            let (messages, key, cache, role, part) = match endpoint {
                Endpoint::Responses => {
                    let body: ResponsesBody = serde_json::from_str(&body).unwrap();
                    let Input::Messages(messages) = body.input else { panic!("no messages") };
                    (messages, body.prompt_cache_key, body.prompt_cache_options, "developer", "input_text")
                }
                Endpoint::Chat => {
                    let body: ChatBody = serde_json::from_str(&body).unwrap();
                    (body.messages, body.prompt_cache_key, body.prompt_cache_options, "system", "text")
                }
            };
            let said: Vec<_> = messages.iter().map(Message::said).collect();
            assert_eq!(said, [(role, prompt.instructions.as_str(), Some(part)), ("user", HOSTILE, None)]);
            assert_eq!(cache.map(|cache| cache.mode).as_deref(), Some("explicit"));
            key.unwrap()
        });
        assert!(keys[0].starts_with("gleaner-topic-") && keys[1].starts_with("gleaner-entity-"), "{keys:?}");
        assert!(keys.iter().all(|key| key.len() <= 64));
        let plain = Layout { explicit_cache: false, ..Layout::default() };
        let body = LineTemplate::laid_out(&news(Kind::Topic, &options), plain).body("x");
        assert!(!body.contains("prompt_cache"), "{body}");
    }
}

/// As every version wrote it before there was a `developer` message, to the byte.
#[test]
fn a_server_that_refuses_the_role_gets_the_field() {
    let prompt = Prompt { model: "m".into(), ..news(Kind::Topic, &PromptOptions::default()) };
    let prompt = Prompt { instructions: "Name them.".into(), schema: serde_json::json!({"type": "object"}), ..prompt };
    let field = Layout { instructions: InstructionsIn::Field, ..Layout::default() };
    let body = LineTemplate::laid_out(&prompt, field).body("story");
    assert!(body.starts_with(r#"{"model":"m","instructions":"Name them.","reasoning":{"effort":"low"},"#), "{body}");
    assert!(body.ends_with(r#""schema":{"type":"object"}}},"input":"story"}"#), "{body}");
}

#[test]
fn what_is_unset_is_not_sent() {
    let unset = || Some(PromptOptions::UNSET.to_owned());
    let options = PromptOptions { reasoning_effort: unset(), max_output_tokens: Some(0), ..PromptOptions::default() };
    let body: ResponsesBody = serde_json::from_str(&LineTemplate::new(&news(Kind::Topic, &options)).body("x")).unwrap();
    assert!(body.reasoning.is_none() && body.max_output_tokens.is_none() && body.temperature.is_none());
    assert!(body.text.verbosity.is_none());
}

#[test]
fn weaker_servers_are_told_the_schema_in_words() {
    for endpoint in [Endpoint::Responses, Endpoint::Chat] {
        let prompt = news(Kind::Topic, &PromptOptions { endpoint, ..PromptOptions::default() });
        for form in [Form::JsonObject, Form::Plain] {
            let body = LineTemplate::with(&prompt, form, Layout::default()).body("story");
            let (instructions, is_object, is_plain) = match endpoint {
                Endpoint::Responses => {
                    let body: ResponsesBody = serde_json::from_str(&body).unwrap();
                    let format = body.text.format;
                    (
                        body.input.messages()[0].said().1.to_owned(),
                        matches!(format, Some(Format::JsonObject {})),
                        format.is_none(),
                    )
                }
                Endpoint::Chat => {
                    let body: ChatBody = serde_json::from_str(&body).unwrap();
                    let format = body.response_format;
                    let instructions = body.messages[0].said().1.to_owned();
                    (instructions, matches!(format, Some(ChatFormat::JsonObject {})), format.is_none())
                }
            };
            assert_eq!((is_object, is_plain), (form == Form::JsonObject, form == Form::Plain));
            assert!(
                instructions.starts_with(&prompt.instructions) && instructions.ends_with(&prompt.schema.to_string())
            );
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
