//! Answers that are whole though they stand where no document says, and lines that nobody can read; each as some server
//! writes it.

use serde_json::{Value, json};

use super::{GOOD, TOPICS, entities, line, response, show, topics, with, wrap};
use crate::answer::{Answer, Outcome, Repair};

/// A chat completion with a message.
#[expect(clippy::needless_pass_by_value, reason = "tables read better with `json!` alone")]
fn chat(message: Value, finish_reason: &str) -> Value {
    json!({"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
           "usage": {"prompt_tokens": 5, "completion_tokens": 6}})
}

fn read(body: Value) -> Answer {
    line(&wrap(json!(200), body), &topics())
}

fn repairs(answer: &Answer) -> Vec<Repair> {
    match &answer.outcome {
        Outcome::Usable(content) => content.notes.repairs.iter().copied().collect(),
        other => panic!("{other:?}"),
    }
}

const DRAFT: &str = r#"{"topics":[{"topic":"a draft","confidence":0.9,"rank":1}]}"#;

#[test]
fn an_answer_is_found_where_servers_put_it() {
    let check = |body: Value, expected: &[Repair]| {
        let answer = read(body.clone());
        assert_eq!(show(&answer.outcome), GOOD, "{body}");
        assert_eq!(repairs(&answer), expected, "{body}");
    };
    let elsewhere = &[Repair::Elsewhere];
    // A gateway enforces a schema by a tool (LiteLLM: `json_tool_call`), as text or as an object.
    let call = |arguments: Value| json!({"content": null, "tool_calls": [{"function": {"arguments": arguments}}]});
    check(chat(call(json!(TOPICS)), "tool_calls"), elsewhere);
    check(chat(call(serde_json::from_str(TOPICS).unwrap()), "stop"), elsewhere);
    check(chat(json!({"content": "", "function_call": {"arguments": TOPICS}}), "function_call"), elsewhere);
    let tool = json!({"type": "function_call", "name": "json_tool_call", "arguments": TOPICS});
    check(with(response(""), "/output/2", tool), elsewhere);
    // A reasoning parser takes all for reasoning, where a model wrote none (vLLM, SGLang).
    check(chat(json!({"content": null, "reasoning_content": TOPICS}), "stop"), elsewhere);
    check(chat(json!({"content": "", "reasoning": format!("\n{TOPICS}\n")}), "stop"), elsewhere);
    // Encoded twice, by a model or by a gateway.
    check(response(&json!(TOPICS).to_string()), &[Repair::Encoded]);
    check(response(&json!(json!(TOPICS).to_string()).to_string()), &[Repair::Encoded]);
    check(chat(call(json!(json!(TOPICS).to_string())), "stop"), &[Repair::Encoded, Repair::Elsewhere]);
    // gpt-oss: the final channel, not the draft in the first.
    let harmony = format!(
        "<|channel|>analysis<|message|>Maybe {DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{TOPICS}<|return|>"
    );
    check(chat(json!({"content": harmony}), "stop"), &[]);
    check(chat(json!({"content": format!("analysisMaybe {DRAFT}assistantfinal{TOPICS}")}), "stop"), &[]);
    // One choice without a list, and a list whose first is empty.
    let one = with(chat(json!({"content": TOPICS}), "stop"), "/choices", json!({"message": {"content": TOPICS}}));
    check(one, &[]);
    let two = json!([{"message": {"content": ""}}, {"message": {"content": TOPICS}}]);
    check(with(chat(json!({}), "stop"), "/choices", two), &[]);
    // A message that is an answer goes before all others.
    check(chat(json!({"content": TOPICS, "reasoning_content": DRAFT}), "stop"), &[]);
}

#[test]
fn what_is_whole_before_the_limit_is_used_and_what_is_not_is_not() {
    let limited = |text: &str, reason: &str| {
        let mut body = with(response(text), "/status", json!("incomplete"));
        body["incomplete_details"] = json!({"reason": reason});
        show(&read(body).outcome)
    };
    let blanks = format!("{TOPICS}{}", "\n ".repeat(2000));
    assert_eq!(limited(&blanks, "max_output_tokens"), GOOD);
    assert_eq!(limited(TOPICS, "max_messages"), GOOD);
    assert_eq!(limited(TOPICS, "steered"), GOOD);
    assert_eq!(show(&read(chat(json!({"content": blanks}), "length")).outcome), GOOD);
    for (text, reason, expected) in [
        (&TOPICS[..TOPICS.len() - 1], "max_output_tokens", "unusable incomplete"),
        (&format!("{TOPICS} and then"), "max_output_tokens", "unusable incomplete"),
        (&format!("A draft: {TOPICS}"), "max_output_tokens", "unusable incomplete"),
        ("", "max_output_tokens", "unusable incomplete"),
        ("no JSON", "a_word_of_next_year", "unusable incomplete"),
        (TOPICS, "content_filter", "unusable content_filter"),
    ] {
        assert_eq!(limited(text, reason), expected, "{text} {reason}");
    }
    // Thoughts that hold drafts are no answer.
    let thoughts = json!({"content": null, "reasoning_content": format!("Maybe {DRAFT}, or not")});
    assert_eq!(show(&read(chat(thoughts, "stop")).outcome), "unusable empty");
    assert_eq!(show(&read(chat(json!({"content": null, "reasoning_content": &DRAFT[..30]}), "length")).outcome), {
        "unusable incomplete"
    });
}

#[test]
fn a_line_that_nobody_can_read_counts_as_paid() {
    let check = |value: Value, expected: &str| assert_eq!(show(&line(&value, &topics()).outcome), expected, "{value}");
    let unreadable = "unusable unreadable";
    check(json!({"custom_id": "topic_1"}), unreadable);
    check(json!({"custom_id": "topic_1", "response": null, "error": null}), unreadable);
    check(json!({"custom_id": "topic_1", "response": {}, "error": {}}), unreadable);
    check(json!({"custom_id": "topic_1", "result": {"type": "succeeded", "message": {"content": []}}}), unreadable);
    check(json!({"custom_id": "topic_1", "body": {"output_text": TOPICS}}), unreadable);
    check(json!({"custom_id": "topic_1", "response": {"request_id": "r"}}), unreadable);
    check(wrap(json!(200), json!({"result": {"ok": true}})), unreadable);
    check(wrap(json!(200), json!([1])), unreadable);
    // A request that the provider says was never run, or that an endpoint refused in whatever words, was not paid.
    check(wrap(json!(0), json!({})), "failed ghost");
    check(wrap(json!(200), json!({})), unreadable);
    check(wrap(json!(400), json!({"detail": "no"})), "refused http_400");
    check(wrap(json!(502), json!("<html>")), "failed http_502");
    check(
        json!({"custom_id": "topic_1", "response": null, "error": {"code": "batch_expired"}}),
        "failed batch_expired",
    );
}

#[test]
fn usage_out_of_reason_is_unknown_and_never_summed() {
    let check = |usage: Value, known: bool, is_unknown: bool| {
        let answer = read(with(response(TOPICS), "/usage", usage.clone()));
        assert_eq!((answer.usage.is_some(), answer.usage_is_unknown), (known, is_unknown), "{usage}");
    };
    check(json!({"input_tokens": 12, "output_tokens": 3}), true, false);
    check(json!({"prompt_tokens": 12.0, "completion_tokens": null}), true, false);
    check(json!(null), false, false);
    check(json!({}), false, false);
    check(json!({"input_tokens": 1u64 << 62, "output_tokens": 3}), false, true);
    check(json!({"input_tokens": 12, "output_tokens": -3}), false, true);
    check(json!({"input_tokens": "many", "output_tokens": 3}), false, true);
    check(json!({"input_tokens": 1e300}), false, true);
    // Somebody paid for it, though nobody knows how much.
    let failed = json!({"error": {"code": "server_error", "message": "m"}, "status": "failed",
                        "usage": {"output_tokens": 1u64 << 62}});
    assert_eq!(show(&read(failed).outcome), "unusable server_error");
}

#[test]
fn a_time_in_milliseconds_is_one_in_seconds() {
    let answered_at = |created: i64| read(json!({"created": created, "choices": [{"text": TOPICS}]})).answered_at;
    assert_eq!(answered_at(1_767_607_200), Some(1_767_607_200));
    assert_eq!(answered_at(1_767_607_200_123), Some(1_767_607_200));
}

#[test]
fn placeholders_and_markup_are_counted() {
    let answer = |mentions: &[&str]| {
        let items: Vec<Value> = mentions.iter().map(|name| json!({"type": "person", "mention": name})).collect();
        let answer = line(&wrap(json!(200), response(&json!({"entities": items}).to_string())), &entities());
        let Outcome::Usable(content) = answer.outcome else { panic!("{:?}", answer.outcome) };
        let notes = &content.notes;
        (content.found.len(), notes.n_placeholders, notes.n_cleaned, notes.n_merged)
    };
    assert_eq!(answer(&["Gene Kranz", "**Gene Kranz**", "“Gene Kranz”", "N/A", "-", "the"]), (1, 3, 2, 2));
    // A model that found nothing may say so.
    assert_eq!(answer(&["None"]), (0, 1, 0, 0));
}
