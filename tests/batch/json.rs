//! `deny_unknown_fields` and no `Option` where a value must be there: a key that comes, goes or changes its type fails.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{one, short_answers};
use crate::harness::World;

/// A batch, as every command shows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    batch_id: Option<String>,
    run_id: String,
    part: u32,
    state: String,
    status: String,
    total_groups: u64,
    total_requests: u64,
    input_file_path: Option<String>,
    input_file_id: Option<String>,
    output_file_id: Option<String>,
    error_file_id: Option<String>,
    request_counts: Counts,
    account: Account,
    cost: Cost,
    estimated_cost_usd: Option<f64>,
    model: String,
    origin: Option<String>,
    sandbox: bool,
    submitted_at: Option<String>,
    run_created_at: String,
    created_at: Option<String>,
    expires_at: Option<String>,
    completed_at: Option<String>,
    checked_at: Option<String>,
    status_changed_at: Option<String>,
    not_before: Option<String>,
    imported_at: Option<String>,
    errors: Vec<Value>,
    metadata: Metadata,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Counts {
    total: u64,
    completed: u64,
    failed: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Account {
    sent: u64,
    usable: u64,
    unusable: u64,
    failed: u64,
    missing: u64,
    /// Only where there are any.
    #[serde(default)]
    uncertain: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    n_answers: u64,
    input_tokens: u64,
    cached_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cost_usd: f64,
    unusable_cost_usd: f64,
    saved_usd: f64,
    n_unpriced: u64,
    n_without_usage: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Metadata {
    gleaner_db: String,
    gleaner_run: String,
    gleaner_part: String,
    gleaner_key: String,
    gleaner_sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Created {
    run_id: String,
    batches: Vec<Batch>,
    total_groups: u64,
    total_requests: u64,
    copies: u64,
    estimate: Estimate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    dry_run: bool,
    run_id: (),
    batches: Vec<Part>,
    total_groups: u64,
    total_requests: u64,
    copies: u64,
    estimate: Estimate,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    groups: u64,
    requests: u64,
    bytes: u64,
    input_tokens: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Estimate {
    model: String,
    input_tokens: u64,
    output_tokens: u64,
    output_from_history: bool,
    bytes: u64,
    batch_usd: f64,
    sync_usd: f64,
    prices_as_of: String,
    prices_are_old: bool,
    long_requests: u64,
    answered_by_another_model: u64,
    cache: Cache,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    best_batch_usd: f64,
    worst_batch_usd: f64,
    from_history: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    run_id: String,
    created_at: String,
    total_groups: u64,
    total_requests: u64,
    batches: Vec<Batch>,
}

/// What an import adds to the facts of its batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    groups_processed: u64,
    topics_extracted: u64,
    entities_extracted: u64,
    entities_linked: u64,
    entities_ambiguous: u64,
    groups_with_errors: u64,
    copies_answered: u64,
    foreign: u64,
    duplicate: u64,
    clamped: u64,
    repaired: u64,
    left_out: u64,
    cleaned: u64,
    unknown_usage: u64,
    superseded: u64,
}

impl Found {
    const KEYS: [&str; 15] = [
        "groups_processed",
        "topics_extracted",
        "entities_extracted",
        "entities_linked",
        "entities_ambiguous",
        "groups_with_errors",
        "copies_answered",
        "foreign",
        "duplicate",
        "clamped",
        "repaired",
        "left_out",
        "cleaned",
        "unknown_usage",
        "superseded",
    ];
}

#[track_caller]
fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"))
}

/// Takes what an import prints apart: the facts of the batch, and what was found.
#[track_caller]
fn read_import(value: &Value) -> (Batch, Found) {
    let mut facts = value.as_object().expect("an object").clone();
    let found: serde_json::Map<String, Value> =
        Found::KEYS.iter().filter_map(|key| Some(((*key).to_owned(), facts.shift_remove(*key)?))).collect();
    (read(&facts.into()), read(&found.into()))
}

#[test]
fn a_plan_and_a_new_run() {
    let world = World::with_groups(2);
    let planned: Planned = read(&world.json(&["batch", "create", "--dry-run"], 0));
    let ((), true, [part]) = (planned.run_id, planned.dry_run, &planned.batches[..]) else { panic!("{planned:?}") };
    assert_eq!((planned.total_groups, planned.total_requests, part.groups, part.requests), (2, 4, 2, 4));
    assert_eq!(planned.copies, 0);
    let estimate = &planned.estimate;
    assert_eq!((part.bytes, part.input_tokens), (estimate.bytes, estimate.input_tokens));
    assert!(estimate.output_tokens > 0 && !estimate.output_from_history && estimate.model == "gpt-6-luna");
    assert!((estimate.sync_usd - 2.0 * estimate.batch_usd).abs() < 1e-12 && estimate.batch_usd > 0.0);
    let cache = &estimate.cache;
    assert!(
        cache.best_batch_usd < estimate.batch_usd && estimate.batch_usd < cache.worst_batch_usd && !cache.from_history
    );
    assert!(estimate.prices_as_of.starts_with("20") && !estimate.prices_are_old);
    assert_eq!((estimate.long_requests, estimate.answered_by_another_model), (0, 0));

    let created: Created = read(&world.json(&["batch", "create"], 0));
    assert_eq!((created.total_groups, created.total_requests, created.copies), (2, 4, 0));
    assert_eq!(created.estimate.input_tokens, estimate.input_tokens);
    let [batch] = &created.batches[..] else { panic!("{created:?}") };
    let purchase = &world.journal().batches[0];
    assert_eq!(batch.batch_id.as_deref(), Some(purchase.batch_id.as_str()));
    assert_eq!((batch.run_id.as_str(), batch.part, batch.state.as_str()), (created.run_id.as_str(), 1, "open"));
    assert_eq!((batch.total_groups, batch.total_requests, batch.sandbox), (2, 4, true));
    let path = world.path(batch.input_file_path.as_deref().expect("a file"));
    assert_eq!(std::fs::metadata(path).expect("it is there").len(), estimate.bytes);
    assert_eq!(batch.input_file_id.as_deref(), Some(purchase.input_file_id.as_str()));
    assert_eq!(batch.origin.as_deref(), Some(world.sandbox.base_url().as_str()));
    assert_eq!(batch.metadata.gleaner_run, created.run_id);
    assert_eq!((batch.metadata.gleaner_part.as_str(), batch.metadata.gleaner_key.len()), ("1/1", 32));
    assert_eq!((batch.metadata.gleaner_db.len(), batch.metadata.gleaner_sha256.len()), (32, 64));

    let nothing = world.json(&["batch", "create"], 0);
    assert_eq!(
        nothing,
        json!({"run_id": null, "batches": [], "total_groups": 0, "total_requests": 0, "copies": 0, "estimate": null, "resumed": []})
    );

    // A run that is only written is shown in the same way, with nothing where nothing is known.
    world.load_groups(&[crate::harness::group(9)]);
    let created: Created = read(&world.json(&["batch", "create", "--no-submit"], 0));
    let batch = &created.batches[0];
    assert_eq!((batch.batch_id.as_ref(), batch.input_file_id.as_ref(), batch.origin.as_ref()), (None, None, None));
    assert_eq!(
        (batch.state.as_str(), batch.status.as_str(), batch.metadata.gleaner_key.as_str()),
        ("planned", "planned", "")
    );
    assert_eq!(batch.account, Account { sent: 0, usable: 0, unusable: 0, failed: 0, missing: 0, uncertain: 0 });
}

#[test]
fn a_batch_from_its_creation_to_its_import() {
    let world = World::with_groups(2);
    world.run(&["batch", "create"]).exits(0);
    let run = one(&world, "SELECT id FROM runs");
    let id = one(&world, "SELECT external_id FROM batches");

    let of_run: Runs = read(&world.json(&["batch", "status", &run], 0));
    assert_eq!(of_run.runs.len(), 1);
    let all: Runs = read(&world.json(&["batch", "status"], 0));
    assert_eq!(all.runs.len(), 1);
    let shown = &all.runs[0];
    assert_eq!((shown.run_id.as_str(), shown.created_at.as_str()), (run.as_str(), "2026-11-02T12:00:00Z"));
    assert_eq!((shown.total_groups, shown.total_requests, shown.batches.len()), (2, 4, 1));

    let ended: Batch = read(&world.json(&["batch", "status", &id], 0));
    assert_eq!((ended.state.as_str(), ended.status.as_str()), ("ended", "completed"));
    assert_eq!(ended.request_counts, Counts { total: 4, completed: 4, failed: 0 });
    assert_eq!(ended.account, Account { sent: 4, usable: 0, unusable: 0, failed: 0, missing: 0, uncertain: 0 });
    assert!(ended.output_file_id.is_some() && ended.error_file_id.is_none() && ended.imported_at.is_none());
    for time in
        [&ended.created_at, &ended.completed_at, &ended.checked_at, &ended.status_changed_at, &ended.submitted_at]
    {
        assert!(time.as_ref().is_some_and(|time| time.ends_with('Z') && time.len() == 20), "{ended:?}");
    }
    assert_eq!((ended.run_created_at.as_str(), ended.expires_at.is_some()), ("2026-11-02T12:00:00Z", true));

    let (imported, found) = read_import(&world.json(&["batch", "process", &id], 0));
    assert_eq!((imported.state.as_str(), imported.imported_at.as_deref()), ("imported", Some("2026-11-02T12:00:00Z")));
    assert_eq!(imported.account, Account { sent: 4, usable: 4, unusable: 0, failed: 0, missing: 0, uncertain: 0 });
    assert_eq!((imported.errors.len(), imported.not_before, imported.model.as_str()), (0, None, "gpt-6-luna"));
    let cost = &imported.cost;
    assert_eq!((cost.n_answers, cost.n_unpriced, cost.n_without_usage), (4, 0, 0));
    assert_eq!(cost.unusable_cost_usd, 0.0);
    assert!(cost.input_tokens >= cost.cached_tokens + cost.cache_write_tokens);
    assert!(cost.input_tokens > cost.cached_tokens && cost.output_tokens > cost.reasoning_tokens);
    assert!(cost.cost_usd > 0.0 && (cost.saved_usd - cost.cost_usd).abs() < 1e-12, "half the price");
    assert!(imported.estimated_cost_usd.is_some_and(|usd| usd > 0.0));
    assert_eq!((found.groups_processed, found.groups_with_errors, found.copies_answered), (2, 0, 0));
    let count = |sql: &str| world.count(sql).unsigned_abs();
    assert_eq!(found.topics_extracted, count("SELECT count(*) FROM story_topics"));
    assert_eq!(found.entities_extracted, count("SELECT count(*) FROM story_entities"));
    assert_eq!(found.entities_linked, count("SELECT count(*) FROM story_entities WHERE outcome = 'linked'"));
    assert_eq!(found.entities_ambiguous, count("SELECT count(*) FROM story_entities WHERE outcome = 'ambiguous'"));
    assert_eq!((found.foreign, found.duplicate, found.clamped, found.repaired, found.superseded), (0, 0, 0, 0, 0));
    assert_eq!((found.left_out, found.cleaned, found.unknown_usage), (0, 0, 0));

    assert_eq!(world.json(&["batch", "process"], 0), json!({"batches": []}));
    assert_eq!(world.json(&["batch", "wait"], 0), json!({"batches": []}));
    assert_eq!(world.json(&["batch", "status"], 0), json!({"runs": []}));
}

#[test]
fn an_import_with_errors_says_each_cause() {
    let world = World::with_groups(3);
    world.script(&json!({"answers": [
        {"custom_id": "topic_g1", "outcome": "refusal", "message": "I can't help with that."},
        {"custom_id": "topic_g2", "outcome": "http", "status": 400, "code": "invalid_prompt", "message": "No."},
        {"custom_id": "entity_g3", "outcome": "missing"},
        {"custom_id": "entity_g2", "outcome": "out_of_range"},
    ]}));
    let done = world.json(&["batch", "create", "--wait"], 3);
    let keys: Vec<&String> = done.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["run_id", "total_groups", "total_requests", "copies", "estimate", "batches", "cost_usd"]);
    let (batch, found) = read_import(&done["batches"][0]);
    assert_eq!(batch.account, Account { sent: 6, usable: 3, unusable: 1, failed: 1, missing: 0, uncertain: 1 });
    assert_eq!((found.groups_processed, found.groups_with_errors), (3, 2));
    assert!(found.clamped > 0);
    assert!(batch.cost.unusable_cost_usd > 0.0 && batch.cost.unusable_cost_usd < batch.cost.cost_usd);
    assert_eq!(done["cost_usd"].as_f64(), Some(batch.cost.cost_usd));
    let mut errors: Vec<_> = batch
        .errors
        .iter()
        .map(|error| (error["class"].as_str(), error["code"].as_str(), error["count"].as_u64()))
        .collect();
    errors.sort_unstable();
    assert_eq!(errors, [(Some("refused"), Some("http_400"), Some(1)), (Some("unusable"), Some("refusal"), Some(1)),]);
    for error in &batch.errors {
        let keys: Vec<&String> = error.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["class", "code", "count", "message"]);
    }
    let said: Vec<_> = batch.errors.iter().filter_map(|error| error["message"].as_str()).collect();
    assert!(said.iter().any(|text| text.ends_with("I can't help with that.")), "{said:?}");
    assert!(said.contains(&"invalid_prompt: No."), "{said:?}");
}

#[test]
fn a_batch_that_fails_as_a_whole_names_the_line_and_the_request() {
    let world = World::with_groups(2);
    world.script(&json!({"batches": [{"ends": "failed", "errors": [
        {"code": "invalid_json_line", "message": "This line is not parseable as valid JSON.", "param": null, "line": 3},
    ]}]}));
    let done = world.json(&["batch", "create", "--wait"], 3);
    let (batch, found) = read_import(&done["batches"][0]);
    assert_eq!(batch.account, Account { sent: 4, usable: 0, unusable: 0, failed: 4, missing: 0, uncertain: 0 });
    assert_eq!((found.groups_processed, found.groups_with_errors), (0, 2));
    let error = &batch.errors[0];
    assert_eq!(
        (&error["code"], &error["line"], &error["custom_id"]),
        (&json!("invalid_json_line"), &json!(3), &json!("topic_g1"))
    );
}

/// What belongs to a person stays on stderr; stdout is one JSON value.
#[test]
fn json_is_alone_on_stdout() {
    let world = World::with_groups(1);
    world.script(&short_answers());
    for args in [
        &["batch", "create", "--wait"][..],
        &["batch", "create"],
        &["batch", "status"],
        &["batch", "list"],
        &["batch", "wait"],
        &["batch", "process"],
        &["batch", "clean", "--dry-run"],
        &["batch", "clean", "--yes"],
        &["progress"],
        &["rebuild"],
    ] {
        let ran = world.run(&[args, &["--json", "-v"]].concat()).exits(0);
        let mut values = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Value>();
        assert!(values.next().is_some_and(|value| value.is_ok()) && values.next().is_none(), "{}", ran.report());
    }
}
