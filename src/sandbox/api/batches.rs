//! Batches: create, look, list, cancel.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::batch::Order;
use super::super::http::{Head, Reply};
use super::super::request_body::Endpoint;
use super::super::shared::Shared;
use super::{bad_request, limit, not_found, page};

/// Bounds of the metadata, from the provider's specification.
const METADATA_PAIRS_MAX: usize = 16;
const METADATA_KEY_CHARS_MAX: usize = 64;
const METADATA_VALUE_CHARS_MAX: usize = 512;

pub(super) fn create(shared: &Shared, body: &Value) -> Reply {
    let order = match read_order(body) {
        Ok(order) => order,
        Err((message, param)) => return bad_request(&message, Some(param)),
    };
    let mut state = shared.state();
    match state.file(&order.input_file_id) {
        None => return not_found(&format!("No such File object: {}", order.input_file_id), Some("input_file_id")),
        Some(file) if file.purpose != "batch" => {
            let message = format!("The purpose of file {} must be 'batch', not '{}'.", file.id, file.purpose);
            return bad_request(&message, Some("input_file_id"));
        }
        Some(_) => {}
    }
    Reply::json(200, &shared.add_batch(&mut state, order))
}

fn read_order(body: &Value) -> Result<Order, (String, &'static str)> {
    let text = |name: &'static str| {
        let value = body[name].as_str().map(str::to_owned);
        value.ok_or_else(|| (format!("Missing required parameter: '{name}'."), name))
    };
    let order = Order {
        input_file_id: text("input_file_id")?,
        endpoint: text("endpoint")?,
        completion_window: text("completion_window")?,
        metadata: body["metadata"].clone(),
    };
    if Endpoint::parse(&order.endpoint).is_none() {
        return Err((
            format!("Invalid value: '{}'. The sandbox answers /v1/responses and /v1/chat/completions.", order.endpoint),
            "endpoint",
        ));
    }
    if order.completion_window != "24h" {
        return Err((
            format!("Invalid value: '{}'. Supported values are: '24h'.", order.completion_window),
            "completion_window",
        ));
    }
    check_metadata(&order.metadata)?;
    let expires = &body["output_expires_after"];
    if !expires.is_null() && !expires["seconds"].as_i64().is_some_and(|secs| (3600..=2_592_000).contains(&secs)) {
        return Err((
            "Invalid 'output_expires_after.seconds': must be from 3600 to 2592000.".into(),
            "output_expires_after",
        ));
    }
    Ok(order)
}

fn check_metadata(metadata: &Value) -> Result<(), (String, &'static str)> {
    let wrong = |message: String| Err((message, "metadata"));
    let pairs = match metadata {
        Value::Null => return Ok(()),
        Value::Object(pairs) => pairs,
        _ => return wrong("Invalid type for 'metadata': expected an object.".into()),
    };
    if pairs.len() > METADATA_PAIRS_MAX {
        return wrong(format!("Invalid 'metadata': at most {METADATA_PAIRS_MAX} pairs."));
    }
    for (key, value) in pairs {
        if key.chars().count() > METADATA_KEY_CHARS_MAX {
            return wrong(format!("Invalid 'metadata': a key has at most {METADATA_KEY_CHARS_MAX} characters."));
        }
        if value.as_str().is_none_or(|value| value.chars().count() > METADATA_VALUE_CHARS_MAX) {
            return wrong(format!(
                "Invalid 'metadata.{key}': a text of at most {METADATA_VALUE_CHARS_MAX} characters."
            ));
        }
    }
    Ok(())
}

pub(super) fn get(shared: &Shared, id: &str) -> Reply {
    shared.look(id, true).map_or_else(|| no_batch(id), |batch| Reply::json(200, &batch))
}

pub(super) fn cancel(shared: &Shared, id: &str) -> Reply {
    if shared.look(id, false).is_none() {
        return no_batch(id);
    }
    let now = shared.now();
    let mut state = shared.state();
    let Some(batch) = state.batch(id) else { return no_batch(id) };
    if batch.is_polled() {
        // Where looks alone move a batch on, a cancel must not race its validation either.
        let work = Arc::clone(&batch.work);
        drop(state);
        work.wait(|progress| progress.validation.is_some());
        state = shared.state();
    }
    let Some(batch) = state.batch(id) else { return no_batch(id) };
    if batch.cancel(now) {
        return Reply::json(200, &batch.to_json());
    }
    let status = batch.to_json()["status"].clone();
    let message = format!("Cannot cancel a batch with status '{}'.", status.as_str().unwrap_or_default());
    Reply::json(
        409,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}),
    )
}

pub(super) fn list(shared: &Shared, head: &Head) -> Reply {
    let ids: Vec<String> = shared.state().batches.iter().rev().map(|batch| batch.id.clone()).collect();
    let batches = ids.iter().filter_map(|id| shared.look(id, false)).collect();
    let page = limit(head, 20, 100).and_then(|limit| page(batches, head.param("after"), limit));
    page.map_or_else(|refusal| refusal, |page| Reply::json(200, &page))
}

fn no_batch(id: &str) -> Reply {
    not_found(&format!("No batch found with id '{id}'."), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_checked() {
        let good = json!({"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h",
            "metadata": {"a": "b"}, "output_expires_after": {"anchor": "created_at", "seconds": 3600}});
        assert!(read_order(&good).is_ok());
        let table = [
            ("input_file_id", Value::Null, "input_file_id"),
            ("endpoint", json!("/v1/embeddings"), "endpoint"),
            ("completion_window", json!("1h"), "completion_window"),
            ("metadata", json!({"a": 1}), "metadata"),
            ("metadata", json!({"a": "x".repeat(513)}), "metadata"),
            (
                "metadata",
                (0..17).map(|n| (n.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into(),
                "metadata",
            ),
            ("output_expires_after", json!({"seconds": 1}), "output_expires_after"),
        ];
        for (name, value, param) in table {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(read_order(&bad).unwrap_err().1, param, "{name}");
        }
    }
}
