//! Validates the input file of a batch, as the provider does before it runs anything.

use std::collections::HashSet;
use std::io::{self, BufRead, Read as _};

use serde_json::{Value, json};

use super::pattern::fits;
use super::request_body::{Endpoint, RequestBody};
use super::script::{ModelRule, Script};

/// Errors beyond this many are not listed.
const ERRORS_MAX: usize = 100;

/// A valid input file.
#[derive(Debug, Default)]
pub(crate) struct Input {
    pub(crate) lines: Vec<InputLine>,
    pub(crate) model: String,
    /// Estimated input tokens: what counts against the queue limit.
    pub(crate) tokens: u64,
}

/// Place of a request in the file, and its name.
#[derive(Debug)]
pub(crate) struct InputLine {
    pub(crate) offset: u64,
    pub(crate) number: u64,
    pub(crate) custom_id: Box<str>,
    /// Number of times it has been asked, this time included; filled in when the batch is accepted.
    pub(crate) attempt: u32,
}

/// The longest line that is read; no model takes a tenth of it.
pub(crate) const LINE_BYTES_MAX: u64 = 64 << 20;

/// Reads the file; returns the `errors.data` of the failed batch if it is not valid.
pub(crate) fn check(file: &mut dyn BufRead, endpoint: &str, script: &Script) -> io::Result<Result<Input, Vec<Value>>> {
    let mut input = Input::default();
    let mut errors = vec![];
    let mut seen: HashSet<Box<str>> = HashSet::new();
    let mut text = vec![];
    let (mut offset, mut number) = (0, 0);
    loop {
        text.clear();
        let n_bytes = (&mut *file).take(LINE_BYTES_MAX).read_until(b'\n', &mut text)?;
        if n_bytes == 0 {
            break;
        }
        number += 1;
        if n_bytes as u64 == LINE_BYTES_MAX && !text.ends_with(b"\n") {
            // The rest is not read: nobody can say where it ends.
            let message = format!("This line is longer than {LINE_BYTES_MAX} bytes.");
            errors.push(error("invalid_json_line", &message, None, Some(number)));
            break;
        }
        if errors.len() < ERRORS_MAX {
            match check_line(&text, endpoint, &mut input, &mut seen) {
                Ok(custom_id) => input.lines.push(InputLine { offset, number, custom_id, attempt: 0 }),
                Err((code, message, param)) => errors.push(error(code, &message, param, Some(number))),
            }
        }
        offset += n_bytes as u64;
    }
    if number == 0 {
        errors.push(error("empty_file", "The input file is empty.", None, None));
    }
    if number > script.limits.batch_requests {
        let most = script.limits.batch_requests;
        let message = format!("The batch has {number} requests; at most {most} are allowed.");
        errors.push(error("too_many_tasks", &message, None, None));
    }
    if script.models.iter().any(|rule: &ModelRule| rule.unknown && fits(&rule.model, &input.model)) {
        let message = format!("The model `{}` does not exist or you do not have access to it.", input.model);
        errors.push(error("model_not_found", &message, Some("body.model"), Some(1)));
    }
    Ok(if errors.is_empty() { Ok(input) } else { Err(errors) })
}

type LineError = (&'static str, String, Option<&'static str>);

fn check_line(
    text: &[u8],
    endpoint: &str,
    input: &mut Input,
    seen: &mut HashSet<Box<str>>,
) -> Result<Box<str>, LineError> {
    let line = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let line: Value = line
        .filter(Value::is_object)
        .ok_or_else(|| ("invalid_json_line", "This line is not parseable as valid JSON.".to_owned(), None))?;
    let missing = |name: &'static str| {
        ("missing_required_parameter", format!("Missing required parameter: '{name}'."), Some(name))
    };
    let custom_id = line["custom_id"].as_str().ok_or_else(|| missing("custom_id"))?;
    if line["method"] != "POST" {
        return Err(("invalid_method", "The method of every request must be POST.".into(), Some("method")));
    }
    if line["url"] != endpoint {
        let message = format!("The url of every request must be the endpoint of the batch, {endpoint}.");
        return Err(("url_mismatch", message, Some("url")));
    }
    let model = line["body"]["model"].as_str().ok_or_else(|| missing("body.model"))?;
    if input.model.is_empty() {
        model.clone_into(&mut input.model);
    } else if input.model != model {
        let message =
            format!("All requests must be for one model; the first is for {}, this for {model}.", input.model);
        return Err(("mismatched_model", message, Some("body.model")));
    }
    if line["body"]["stream"] == true {
        return Err(("invalid_request", "Streaming is not supported in a batch.".into(), Some("body.stream")));
    }
    let custom_id: Box<str> = custom_id.into();
    if !seen.insert(custom_id.clone()) {
        let message = format!("The custom_id '{custom_id}' is used by more than one request.");
        return Err(("duplicate_custom_id", message, Some("custom_id")));
    }
    if let Some(endpoint) = Endpoint::parse(endpoint) {
        input.tokens += RequestBody::read(endpoint, &line["body"]).input_tokens();
    }
    Ok(custom_id)
}

/// Returns one entry of `errors.data`.
pub(crate) fn error(code: &str, message: &str, param: Option<&str>, line: Option<u64>) -> Value {
    json!({"code": code, "message": message, "param": param, "line": line})
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "/v1/responses";

    fn line(custom_id: &str, model: &str) -> String {
        json!({"custom_id": custom_id, "method": "POST", "url": URL, "body": {"model": model, "input": "12345678"}})
            .to_string()
    }

    fn checked(text: &str, script: &str) -> Result<Input, Vec<(String, Option<u64>)>> {
        let script = Script::parse(script).unwrap();
        let shorten = |errors: Vec<Value>| {
            errors.iter().map(|error| (error["code"].as_str().unwrap().to_owned(), error["line"].as_u64())).collect()
        };
        check(&mut text.as_bytes(), URL, &script).unwrap().map_err(shorten)
    }

    #[test]
    fn a_good_file_is_counted() {
        let text = format!("{}\n{}\n", line("a", "m"), line("b", "m"));
        let input = checked(&text, "{}").unwrap();
        assert_eq!((input.lines.len(), input.tokens, input.model.as_str()), (2, 4, "m"));
        assert_eq!(input.lines[1].offset as usize, line("a", "m").len() + 1);
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let script = Script::parse("{}").unwrap();
        let errors = check(&mut io::BufReader::new(io::repeat(b'x')), URL, &script).unwrap().unwrap_err();
        assert_eq!(errors[0]["code"], "invalid_json_line");
        assert_eq!((errors.len(), &errors[0]["line"]), (1, &json!(1)));
    }

    #[test]
    fn each_mistake_has_its_code_and_line() {
        let (a, b) = (line("a", "m"), line("b", "m"));
        let table = [
            (String::new(), "empty_file", None),
            (format!("{a}\n\n{b}\n"), "invalid_json_line", Some(2)),
            (format!("{a}\n{b},\n"), "invalid_json_line", Some(2)),
            (format!("\u{feff}{a}\n"), "invalid_json_line", Some(1)),
            ("[1]".into(), "invalid_json_line", Some(1)),
            (format!("{a}\n{a}\n"), "duplicate_custom_id", Some(2)),
            (format!("{a}\n{}\n", line("b", "other")), "mismatched_model", Some(2)),
            (format!("{a}\n{}", b.replace(URL, "/v1/chat/completions")), "url_mismatch", Some(2)),
            (a.replace("POST", "GET"), "invalid_method", Some(1)),
            (a.replace("custom_id", "id"), "missing_required_parameter", Some(1)),
        ];
        for (text, code, number) in table {
            assert_eq!(checked(&text, "{}").unwrap_err(), [(code.to_owned(), number)], "{text}");
        }
    }

    #[test]
    fn limits_and_models_of_the_script_count() {
        let text = format!("{}\n{}\n", line("a", "m"), line("b", "m"));
        let table = [
            (r#"{"limits": {"batch_requests": 1}}"#, "too_many_tasks"),
            (r#"{"models": [{"model": "m", "unknown": true}]}"#, "model_not_found"),
        ];
        for (script, code) in table {
            assert_eq!(checked(&text, script).unwrap_err()[0].0, code);
        }
    }
}
