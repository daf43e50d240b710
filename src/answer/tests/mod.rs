//! Whole lines and texts -> outcomes, as tables; and that nothing makes the reader panic.

mod plain;
mod whole;

use serde_json::{Value, json};

use super::line::LineFault;
use super::{Answer, Expect, Found, Line, Outcome, Repair, TypeWords, classify_body, lenient, read_text};
use crate::model::{Kind, Usage};

fn topics() -> Expect {
    Expect::topics(5)
}

fn entities() -> Expect {
    let words = |name: &str, also: &[&str]| TypeWords {
        name: name.to_string(),
        also: also.iter().map(|a| a.to_string()).collect(),
    };
    let types = vec![words("person", &["player", "Astronaut"]), words("organization", &["company", "organisation"])];
    Expect::entities(3, types, vec!["role".into(), "country".into()])
}

/// One line for a test's table: the outcome, and what was found or why not.
fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Usable(content) => {
            let items: Vec<String> = match &content.found {
                Found::Topics(topics) => {
                    topics.iter().map(|t| format!("{}={}@{}", t.label, t.confidence, t.rank)).collect()
                }
                Found::Mentions(mentions) => mentions
                    .iter()
                    .map(|m| {
                        let hints: Vec<String> = m.hints.iter().map(|(k, v)| format!("[{k}:{v}]")).collect();
                        let primary = if m.is_primary { "!" } else { "" };
                        let (kind, text, rank) = (&m.entity_type, &m.text, m.rank);
                        format!("{kind}:{text}{primary}{}={}@{rank}", hints.concat(), m.confidence)
                    })
                    .collect(),
            };
            items.join(" | ")
        }
        other => format!("{} {}", other.as_str(), other.reason().map_or("", |r| r.code.as_str())),
    }
}

fn line(line: &Value, expect: &Expect) -> Answer {
    Line::open(line.to_string().as_bytes()).unwrap().classify(expect)
}

const TOPICS: &str = r#"{"topics":[{"topic":"NASA  budget","confidence":0.9,"rank":1}]}"#;
const GOOD: &str = "NASA budget=0.9@1";

/// A Responses object as the provider sends it.
fn response(text: &str) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 100, "completed_at": 109, "status": "completed",
        "error": null, "incomplete_details": null, "model": "gpt-5-nano-2025-08-07",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "new_1", "type": "something_new", "content": [{"type": "output_text", "text": "ignored"}]},
            {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
             "content": [{"type": "output_text", "annotations": [], "text": text}]},
        ],
        "usage": {"input_tokens": 1312, "input_tokens_details": {"cached_tokens": 1024}, "output_tokens": 461,
                  "output_tokens_details": {"reasoning_tokens": 384}, "total_tokens": 1773},
    })
}

fn with(mut value: Value, path: &str, new: Value) -> Value {
    *value.pointer_mut(path).unwrap() = new;
    value
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better with `json!` alone")]
fn wrap(status: Value, body: Value) -> Value {
    json!({"id": "batch_req_1", "custom_id": "topic_1",
           "response": {"status_code": status, "request_id": "r", "body": body}, "error": null})
}

#[test]
fn a_full_response_tells_everything() {
    let answer = line(&wrap(json!(200), response(TOPICS)), &topics());
    assert_eq!(show(&answer.outcome), GOOD);
    assert_eq!(answer.response_id.as_deref(), Some("resp_1"));
    assert_eq!(answer.model.as_deref(), Some("gpt-5-nano-2025-08-07"));
    assert_eq!((answer.answered_at, answer.text.as_deref()), (Some(109), Some(TOPICS)));
    let usage = Usage {
        input_tokens: 1312,
        cached_tokens: 1024,
        output_tokens: 461,
        reasoning_tokens: 384,
        ..Usage::default()
    };
    assert_eq!(answer.usage, Some(usage));
    let Outcome::Usable(content) = answer.outcome else { unreachable!("shown above") };
    assert!(!content.notes.is_repaired());
    let Found::Topics(topics) = content.found else { unreachable!("topics were asked") };
    assert_eq!(topics[0].topic, "nasa budget");
}

#[test]
fn every_form_of_line_is_understood() {
    let check = |value: Value, expected: &str| assert_eq!(show(&line(&value, &topics()).outcome), expected, "{value}");
    let chat = |message: Value, finish: &str| {
        json!({"id": "c", "object": "chat.completion", "created": 7, "model": "m",
               "choices": [{"index": 0, "message": message, "finish_reason": finish}],
               "usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}})
    };
    let ok = |body: Value| wrap(json!(200), body);
    check(json!({"custom_id": "topic_1", "response": {"status_code": 200, "body": {"output_text": TOPICS}}}), GOOD);
    check(json!({"custom_id": "topic_1", "response": {"body": {"output_text": TOPICS}}}), GOOD);
    check(wrap(json!(201), response(TOPICS)), GOOD);
    check(wrap(json!("200"), response(TOPICS)), GOOD);
    check(ok(json!(response(TOPICS).to_string())), GOOD);
    check(ok(json!(TOPICS)), GOOD);
    check(ok(chat(json!({"role": "assistant", "content": TOPICS, "refusal": null}), "stop")), GOOD);
    check(ok(chat(json!({"content": [{"type": "text", "text": TOPICS}]}), "stop")), GOOD);
    check(ok(json!({"choices": [{"text": TOPICS, "finish_reason": "stop"}]})), GOOD);
    check(ok(json!({"message": {"content": TOPICS}, "done": true})), GOOD);
    check(with(ok(response(TOPICS)), "/error", json!({})), GOOD);
    // Two messages, the text cut between them.
    let mut two = response(&TOPICS[..20]);
    let more = with(two["output"][2].clone(), "/content/0/text", json!(TOPICS[20..]));
    two["output"].as_array_mut().unwrap().push(more);
    check(ok(two), GOOD);

    check(ok(chat(json!({"content": null, "refusal": "No."}), "stop")), "unusable refusal");
    check(ok(chat(json!({"content": TOPICS[..50]}), "length")), "unusable incomplete");
    check(ok(chat(json!({"content": ""}), "content_filter")), "unusable content_filter");
    check(ok(chat(json!({"content": null}), "tool_calls")), "unusable empty");
}

#[test]
fn outcomes_follow_the_order_of_judgement() {
    let check = |value: Value, expected: &str| {
        let answer = line(&value, &topics());
        assert_eq!(show(&answer.outcome), expected, "{value}");
        assert!(!answer.outcome.reason().unwrap().message.is_empty());
    };
    let failed = |code: Value, message: &str| json!({"custom_id": "topic_1", "response": null, "error": {"code": code, "message": message}});
    check(failed(json!("batch_expired"), "This request could not be executed"), "failed batch_expired");
    check(failed(json!("batch_cancelled"), ""), "failed batch_cancelled");
    check(failed(json!(null), "odd"), "failed error");
    check(failed(json!(null), r#"{"status":400,"error":{"message":"bad schema"}}"#), "refused http_400");
    check(failed(json!(null), r#"{"status":503,"message":"busy"}"#), "failed http_503");
    check(json!({"custom_id": "t", "error": "gone wrong"}), "failed error");
    // A ghost; with a status of success it may have been paid for.
    check(wrap(json!(0), json!({})), "failed ghost");
    check(wrap(json!(200), json!({})), "unusable unreadable");

    let error = |code: &str| json!({"error": {"message": "m", "type": "invalid_request_error", "code": code}});
    check(wrap(json!(400), error("invalid_json_schema")), "refused http_400");
    check(wrap(json!(404), error("model_not_found")), "failed model_gone");
    for status in [408, 409, 429, 500, 503, 504] {
        check(wrap(json!(status), error("x")), &format!("failed http_{status}"));
    }
    check(wrap(json!(500), json!("<html>oops</html>")), "failed http_500");
    check(wrap(json!(504), with(response(TOPICS), "/status", json!("failed"))), "unusable http_504");

    let ok = |path: &str, new: Value| wrap(json!(200), with(response(TOPICS), path, new));
    let unpaid = |value: Value| with(value, "/response/body/usage", json!(null));
    let failed = ok("/status", json!("failed"));
    check(
        unpaid(with(failed.clone(), "/response/body/error", json!({"code": "server_error", "message": "m"}))),
        "failed response_failed",
    );
    let empty = with(failed.clone(), "/response/body/output", json!([]));
    let coded = |code: &str| unpaid(with(empty.clone(), "/response/body/error", json!({"code": code, "message": "m"})));
    check(coded("server_error"), "failed server_error");
    check(coded("invalid_prompt"), "refused invalid_prompt");
    check(
        with(empty.clone(), "/response/body/error", json!({"code": "server_error", "message": "m"})),
        "unusable server_error",
    );
    check(unpaid(ok("/status", json!("cancelled"))), "failed response_cancelled");
    check(wrap(json!(200), error("server_error")), "failed server_error");

    let refusal = json!([{"type": "message", "content": [{"type": "refusal", "refusal": "I can't help."}]}]);
    check(ok("/output", refusal.clone()), "unusable refusal");
    let cut_off =
        with(ok("/status", json!("incomplete")), "/response/body/output/2/content/0/text", json!(TOPICS[..50]));
    let incomplete = |reason: Value| with(cut_off.clone(), "/response/body/incomplete_details", reason);
    check(incomplete(json!({"reason": "max_output_tokens"})), "unusable incomplete");
    check(incomplete(json!({"reason": "length"})), "unusable incomplete");
    check(incomplete(json!({"reason": "content_filter"})), "unusable content_filter");
    check(incomplete(json!(null)), "unusable incomplete");
    // A refusal weighs more than being cut off.
    check(
        with(incomplete(json!({"reason": "max_output_tokens"})), "/response/body/output", refusal),
        "unusable refusal",
    );
    check(ok("/output", json!([{"type": "reasoning", "summary": []}])), "unusable empty");
    check(ok("/output/2/content/0/text", json!(" \n ")), "unusable empty");
    check(ok("/output/2/content/0/text", json!("I could not find any.")), "unusable not_json");
    check(ok("/output/2/content/0/text", json!("{\"answer\":42}")), "unusable schema");
    check(ok("/output/2/content/0/text", json!("{\"topics\":[{\"confidence\":1}]}")), "unusable schema");
}

#[test]
fn a_line_that_answers_nothing_says_why() {
    let check = |line: &[u8], expected: &str| {
        let fault = Line::open(line).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    };
    check(b"", "not a JSON object");
    check(b"{\"custom_id\":", "not a JSON object");
    check(b"[1]", "not a JSON object");
    check(b"{}", "no `custom_id`");
    check(b"{\"custom_id\":\"\"}", "no `custom_id`");
    check(b"{\"custom_id\":7}", "no `custom_id`");
    assert!(matches!(Line::open(&vec![b' '; 17 << 20]), Err(LineFault::TooLong(_))));
    assert_eq!(Line::open(b"\xef\xbb\xbf{\"custom_id\":\"a\"}\r\n").unwrap().custom_id, "a");
    assert_eq!(Line::open(b"{\"custom_id\":\"a\",\"x\":\"\xff\"}").unwrap().custom_id, "a");
}

#[test]
fn topics_are_cleaned_and_brought_into_range() {
    let check = |text: &str, expected: &str| assert_eq!(show(&read_text(text, &topics())), expected, "{text}");
    let item = |fields: &str| format!("{{\"topics\":[{{\"topic\":\"a\",{fields}}}]}}");
    check(&item(r#""confidence":1.7,"rank":0"#), "a=1@1");
    check(&item(r#""confidence":-3,"rank":-7"#), "a=0@1");
    check(&item(r#""confidence":95,"rank":1e99"#), "a=1@1000");
    check(&item(r#""confidence":"0.8","rank":"2""#), "a=0.8@2");
    check(&item(r#""confidence":"80%","rank":2.4"#), "a=0.8@2");
    check(&item(r#""confidence":"high","rank":null"#), "a=0.5@1");
    check(r#"{"topics":[]}"#, "");
    check(r#"{"topics":["One","TWO"]}"#, "One=0.5@1 | TWO=0.5@2");
    // Unique by key: the best rank wins. Ordered by rank.
    check(
        r#"{"topics":[{"topic":" nasa   Budget","confidence":0.5,"rank":3},{"topic":"b","confidence":1,"rank":2},
                      {"topic":"NASA budget","confidence":0.9,"rank":1}]}"#,
        "NASA budget=0.9@1 | b=1@2",
    );
    let many: Vec<Value> =
        (1..=9).rev().map(|n| json!({"topic": format!("t{n}"), "confidence": 1, "rank": n})).collect();
    check(&json!({"topics": many}).to_string(), "t1=1@1 | t2=1@2 | t3=1@3 | t4=1@4 | t5=1@5");
    check("{\"topics\":[{\"topic\":\"a\\u0000\\u202eb\\n c\",\"confidence\":1,\"rank\":1}]}", "ab c=1@1");
    check(&format!(r#"{{"topics":["ok",{{"topic":"{}"}},{{"topic":" "}},7,null]}}"#, "x".repeat(301)), "ok=0.5@1");
}

#[test]
fn mentions_are_typed_merged_and_limited() {
    let check = |text: &str, expected: &str| assert_eq!(show(&read_text(text, &entities())), expected, "{text}");
    let good = r#"{"entities":[{"type":"person","mention":"Gene Kranz","role":"flight director","country":null,
                   "is_primary":true,"confidence":0.9,"rank":1}]}"#;
    check(good, "person:Gene Kranz![role:flight director]=0.9@1");
    let item = |fields: &str| format!("{{\"entities\":[{{{fields},\"confidence\":1,\"rank\":1}}]}}");
    check(&item(r#""entity_type":"PERSON","mention_text":"A""#), "person:A=1@1");
    check(&item(r#""type":"astronaut","mention":"A""#), "person:A=1@1");
    check(&item(r#""type":"Companies","mention":"A""#), "companies:A=1@1");
    check(&item(r#""type":"organizations","mention":"A""#), "organization:A=1@1");
    check(&item(r#""type":"Moon Base","mention":"A""#), "moon base:A=1@1");
    check(&item(r#""mention":"A""#), "unknown:A=1@1");
    check(
        &item(r#""type":"person","mention":"A","Role":" pilot ","country":"N/A","shoe":"42""#),
        "person:A[role:pilot]=1@1",
    );
    check(&item(r#""type":"person","mention":"A","hints":{"country":"US","role":""}"#), "person:A[country:US]=1@1");
    check(&item(r#""type":"person","mention":"A","is_primary":"true""#), "person:A!=1@1");
    // Its own key counts before one in other letters, wherever they stand.
    check(&item(r#""type":"person","mention":"A","Country":"CA","country":"US""#), "person:A[country:US]=1@1");
    check(&item(r#""type":"person","mention":"A","COUNTRY":7,"Country":"","country":null"#), "person:A[country:7]=1@1");
    // The same mention twice is one; with other hints it is another.
    check(
        r#"{"entities":[{"type":"person","mention":"A","confidence":0.2,"rank":2},
                        {"type":"Person","mention":" A ","confidence":0.9,"rank":1,"is_primary":true},
                        {"type":"person","mention":"A","role":"pilot","confidence":0.3,"rank":3}]}"#,
        "person:A!=0.9@1 | person:A[role:pilot]=0.3@3",
    );
    // Over the limit the best ranks stay, in the order of the answer.
    check(
        r#"{"entities":[{"type":"person","mention":"D","confidence":1,"rank":4},
                        {"type":"person","mention":"C","confidence":1,"rank":3},
                        {"type":"person","mention":"A","confidence":1,"rank":1},
                        {"type":"person","mention":"B","confidence":1,"rank":2}]}"#,
        "person:C=1@3 | person:A=1@1 | person:B=1@2",
    );
}

#[test]
fn the_list_is_found_wherever_a_model_puts_it() {
    let check = |text: &str, expected: &str, repairs: &[Repair]| {
        let outcome = read_text(text, &topics());
        assert_eq!(show(&outcome), expected, "{text}");
        if let Outcome::Usable(content) = outcome {
            assert_eq!(content.notes.repairs.into_iter().collect::<Vec<_>>(), repairs, "{text}");
        }
    };
    let item = r#"{"topic":"a","confidence":1,"rank":1}"#;
    let list = format!("[{item}]");
    let a = "a=1@1";
    check(&format!("{{\"topics\":{list}}}"), a, &[]);
    check(&format!("```json\n{{\"topics\":{list}}}\n```"), a, &[Repair::Prose]);
    check(&format!("Sure! Here are [some] topics:\n{{\"topics\":{list}}}\nHope {{this}} helps."), a, &[Repair::Prose]);
    check(&format!("<think>maybe {{\"topics\":[\"b\"]}}</think>\n{{\"topics\":{list}}}"), a, &[]);
    check("<think>I wonder", "unusable empty", &[]);
    check(&list, a, &[Repair::BareArray]);
    check(&format!("The answer: {list}"), a, &[Repair::Prose, Repair::BareArray]);
    check(item, a, &[Repair::Shape]);
    check(&format!("{item}\n{}", item.replace("\"a\"", "\"b\"")), "a=1@1 | b=1@1", &[Repair::Shape]);
    check(&format!("{{\"result\":{{\"Topics\":{list}}}}}"), a, &[Repair::Shape]);
    check(&format!("{{\"results\":{list}}}"), a, &[Repair::Shape]);
    check(&format!("[{{\"topics\":{list}}}]"), a, &[Repair::Shape]);
    check(&json!({"topics": list}).to_string(), a, &[Repair::BareArray, Repair::Shape]);
    check(&format!("{{\"topics\":{item}}}"), a, &[Repair::Shape]);
    check(&format!("{{\"topics\":[{item},{{\"topic\":\"b\",\"conf"), a, &[Repair::Truncated]);
    check("{\"topics\":[{\"topic\":\"b\",\"conf", "unusable not_json", &[]);
    check(&format!("{{'topics':[{},],}}", item.replace('"', "'")), a, &[Repair::StrayComma, Repair::Quotes]);
    check(&format!("{{\"topics\":{list},\"topics\":[\"b\"]}}"), "a=1@1 | b=0.5@2", &[Repair::DuplicateKey]);
    // These answer another question.
    check(r#"{"entities":[{"name":"Ares"}]}"#, "unusable schema", &[]);
    check(r#"{"story":{"title":"x"}}"#, "unusable schema", &[]);
    check("I'm sorry, I can't.", "unusable not_json", &[]);

    let check = |text: &str, expected: &str| assert_eq!(show(&read_text(text, &entities())), expected, "{text}");
    check(r#"{"person":["A"],"organization":[{"mention":"B","confidence":1}]}"#, "person:A=0.5@1 | organization:B=1@2");
    check(r#"{"entities":{"persons":["A"],"other":["B"]}}"#, "person:A=0.5@1");
    check(r#"{"topics":["a"]}"#, "unusable schema");
    check(r#"["a"]"#, "unusable schema");
}

#[test]
fn a_synchronous_body_is_judged_like_a_line() {
    assert_eq!(show(&classify_body(&response(TOPICS).to_string(), &topics()).outcome), GOOD);
    assert_eq!(show(&classify_body("<html>", &topics()).outcome), "unusable not_json");
    for nothing in ["", "{}", "[]", "null", r#"{"id":"resp_1"}"#, r#"{"id":"resp_1","model":"gpt-6-luna"}"#] {
        assert_eq!(show(&classify_body(nothing, &topics()).outcome), "unusable unreadable", "{nothing}");
    }
    let under_way = r#"{"id":"resp_1","status":"in_progress","usage":null}"#;
    assert_eq!(show(&classify_body(under_way, &topics()).outcome), "unusable response_in_progress");
    assert_eq!(show(&classify_body(r#"{"status":"queued"}"#, &topics()).outcome), "failed response_queued");
}

/// A small source of numbers, the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let mut numbers = Numbers(7);
    let seeds =
        [wrap(json!(200), response(TOPICS)).to_string(), TOPICS.replace(':', " : "), "é['\u{1f680}',“x”]".repeat(3)];
    let pieces: [&[u8]; 12] =
        [b"{", b"}", b"[", b"]", b"\"", b"\\", b"\\u", b",", b"\xff", b"'", b"null", "é".as_bytes()];
    let asked = [topics(), entities()];
    for round in 0..6_000 {
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..1 + numbers.below(4) {
            let at = numbers.below(bytes.len() + 1);
            match numbers.below(4) {
                0 => bytes.truncate(at),
                1 => _ = bytes.splice(at..at, pieces[numbers.below(pieces.len())].iter().copied()).count(),
                2 => bytes.extend_from_slice(pieces[numbers.below(pieces.len())]),
                _ if at < bytes.len() => bytes[at] = numbers.below(256) as u8,
                _ => {}
            }
        }
        let expect = &asked[round % 2];
        if let Ok(line) = Line::open(&bytes) {
            line.classify(expect);
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Outcome::Usable(content) = classify_body(&text, expect).outcome {
            assert!(content.found.len() <= expect.limit);
        }
        read_text(&text, expect);
        // What strict readers accept is accepted, and means the same.
        if let (Ok(strict), Some(lenient)) = (serde_json::from_str::<Value>(&text), lenient::read(&text))
            && lenient.repairs.is_empty()
        {
            assert_eq!(strict, serde_json::to_value(&lenient.value).unwrap(), "{text}");
        }
    }
}

#[test]
fn great_and_deep_input_is_survived() {
    let deep = "[".repeat(1 << 20);
    assert_eq!(show(&read_text(&deep, &topics())), "unusable not_json");
    // As one that is cut off at any depth.
    assert_eq!(show(&read_text(&"{\"a\":".repeat(1 << 18), &topics())), "unusable schema");
    let long = format!("{{\"topics\":[{{\"topic\":\"{}\"}}]}}", "x".repeat(3 << 20));
    assert_eq!(show(&read_text(&long, &topics())), "unusable schema");
    assert_eq!(show(&read_text(&"x".repeat(5 << 20), &topics())), "unusable not_json");
    let many = format!("{{\"topics\":[{}]}}", "\"t\",".repeat(500_000));
    assert_eq!(show(&read_text(&many, &topics())), "t=0.5@1");
    let mixed = format!("[{}1]", "{\"topic\":".repeat(1000));
    read_text(&mixed, &Expect { kind: Kind::Entity, ..topics() });
}
