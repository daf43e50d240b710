use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::harness::{World, start_sandbox};

/// How often each endpoint that answers was called.
fn calls(world: &World) -> (usize, usize) {
    let journal = world.journal();
    (journal.n_calls("responses.create"), journal.n_calls("chat.create"))
}

#[test]
fn every_group_is_answered_and_asked_once() {
    let world = World::with_groups(6);
    world.run(&["extract", "--dry-run"]).exits(0).says("would ask gpt-6-luna about 6 groups: 12 requests");
    assert!(world.journal().calls.is_empty());
    assert_eq!(world.count("SELECT count(*) FROM requests"), 0);

    let first = world.json(&["extract", "--limit", "2"], 0);
    assert_eq!((&first["groups_processed"], &first["account"]["usable"]), (&json!(2), &json!(4)), "{first:#}");
    let rest = world.json(&["extract"], 0);
    assert_eq!((&rest["groups_processed"], &rest["account"]["sent"]), (&json!(4), &json!(8)), "{rest:#}");
    assert!(rest["cost"]["cost_usd"].as_f64().is_some_and(|usd| usd > 0.0));
    world.run(&["extract"]).exits(0).says("nothing to ask");
    world.run(&["batch", "create"]).exits(0).says("nothing to send");
    assert_eq!(calls(&world), (12, 0));
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 12);
    assert_eq!(world.count("SELECT count(*) FROM story_topics WHERE batch_id IS NULL AND extracted_at IS NOT NULL"), 6);
    assert!(world.count("SELECT count(*) FROM story_entities WHERE entity_id IS NOT NULL") >= 12);
    assert_eq!(world.rows("SELECT DISTINCT mode FROM runs"), ["direct"]);
    let spent = world.rows("SELECT sum(cost_usd) = sum(sync_cost_usd) FROM answers");
    assert_eq!(spent, ["1"], "the full price");
}

#[test]
fn the_originals_flags_without_batch_are_extract() {
    let world = World::with_groups(2);
    world.run(&["--limit", "1", "--dry-run"]).exits(0).says("would ask gpt-6-luna about 1 group");
    world.run(&["--limit", "1"]).exits(0).says("1 group");
    world.run(&["--limit", "1", "--wait"]).exits(2);
    assert_eq!(calls(&world), (2, 0));
}

#[test]
fn what_is_not_usable_is_kept_and_asked_again_only_on_demand() {
    let world = World::with_groups(3);
    world.script(&json!({"answers": [
        {"contains": "Story 1:", "outcome": "http", "status": 400, "code": "context_length_exceeded", "message": "too long"},
        {"contains": "Story 2:", "outcome": "refusal", "message": "I'd rather not."},
    ]}));
    let first = world.json(&["extract"], 3);
    assert_eq!(
        first["account"],
        json!({"sent": 6, "usable": 2, "unusable": 2, "failed": 2, "missing": 0}),
        "{first:#}"
    );
    let mut reasons = world.rows("SELECT DISTINCT state, reason FROM requests WHERE reason IS NOT NULL");
    reasons.sort();
    assert_eq!(reasons, ["refused|http_400", "unusable|refusal"]);
    world.run(&["extract"]).exits(0).says("nothing to ask").says("`--retry-failed` asks once more");
    assert_eq!(calls(&world).0, 6);
    world.script(&json!({}));
    let again = world.json(&["extract", "--retry-failed"], 0);
    assert_eq!(again["account"]["usable"], 4, "{again:#}");
    assert_eq!(world.count("SELECT max(attempt) FROM requests"), 2);
}

#[test]
fn a_server_that_can_do_less_is_asked_for_less() {
    let world = World::with_groups(3);
    world.script(&json!({
        "faults": [{"on": "responses.create", "times": 0, "status": 404, "text": "404 page not found"}],
        "models": [{"model": "local-*", "refuses": ["json_schema", "json_object"]}],
    }));
    let ran = world.run(&["extract", "-v", "--model", "local-7b"]).exits(0);
    assert_eq!(ran.stderr.matches("from now on").count(), 3, "{}", ran.report());
    let ran = ran.says("/v1/chat/completions with a strict JSON schema from now on");
    let ran = ran.says("with `json_object` and the schema in the prompt from now on");
    ran.says("with the schema in the prompt alone from now on").says("the price of 6 answers is not known");
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 6);
    // What it cannot do was found out by the first request alone.
    assert_eq!(calls(&world), (1, 8));
}

#[test]
fn a_server_that_ignores_the_schema_is_asked_in_another_way() {
    let world = World::with_groups(2);
    world.script(&json!({"faults": [
        {"on": "responses.create", "times": 0, "status": 200,
         "json": {"output": [{"type": "message", "content": [{"type": "output_text", "text": "Sure, here you are."}]}]}},
    ]}));
    world.run(&["extract", "-v"]).exits(0).says("the server did not keep to the schema");
    assert_eq!(calls(&world), (1, 4));
}

#[test]
fn broken_json_is_mended_where_only_punctuation_is_broken() {
    let world = World::with_groups(4);
    let topic = |text: &str, answer: &str| json!({"contains": text, "output_text": answer});
    world.script(&json!({"answers": [
        topic("Story 1:", "```json\n{'topics': [{'topic': 'One', 'confidence': 0.9, 'rank': 1,},], 'entities': []}\n```"),
        topic("Story 2:", "{\"topics\": [{\"topic\": \"Two\", \"confidence\": 0.9, \"rank\": 1}, {\"topic\": \"Tw"),
        topic("Story 3:", "I could not find anything."),
    ]}));
    let ran = world.json(&["extract", "--endpoint", "chat"], 3);
    assert_eq!(ran["groups_processed"], 3, "{ran:#}");
    assert_eq!(ran["repaired"], 3, "{ran:#}");
    let topics = "SELECT g.external_id, t.label FROM story_topics t JOIN story_groups g ON g.id = t.story_group_id
                  WHERE t.label IN ('One', 'Two') ORDER BY 1";
    assert_eq!(world.rows(topics), ["g1|One", "g2|Two"]);
    let raw = "SELECT count(*) FROM answers WHERE text = 'I could not find anything.' AND raw IS NOT NULL";
    assert_eq!(world.count(raw), 2, "the text is kept");
}

#[test]
fn what_passes_is_waited_for_and_what_does_not_ends_the_run() {
    let world = World::with_groups(4);
    let error = |code: &str| json!({"error": {"message": "no", "type": code, "param": null, "code": code}});
    world.script(&json!({"faults": [
        {"on": "responses.create", "nth": 2, "status": 429, "headers": {"retry-after": "3"}, "json": error("rate_limit_exceeded")},
        {"on": "responses.create", "nth": 4, "status": 503, "text": "<html><title>Down</title></html>"},
        {"on": "responses.create", "nth": 5, "close": true},
    ]}));
    world.run(&["extract", "--limit", "3", "--concurrency", "2"]).exits(0).says("usable 6 + unusable 0 + failed 0");

    world.script(&json!({"faults": [
        {"on": "responses.create", "nth": 2, "times": 0, "status": 429, "json": error("insufficient_quota")},
    ]}));
    let ran = world.run(&["extract", "--concurrency", "1"]).exits(3);
    let ran = ran.says("insufficient_quota").says("a limit on spending").says("1 request not asked");
    ran.says("what was answered is saved");
    world.script(&json!({}));
    world.run(&["extract"]).exits(0).says("usable 1 + unusable 0 + failed 0");
    assert_eq!(world.count("SELECT count(*) FROM requests"), 8);
}

#[test]
fn a_provider_that_fails_for_ever_is_left_alone_at_last() {
    let world = World::with_groups(20);
    world.has_no_transcript("calls may be in flight when it gives up");
    world.script(&json!({"faults": [{"on": "responses.create", "nth": 3, "times": 0, "status": 503, "text": ""}]}));
    world.run(&["extract", "--concurrency", "1"]).exits(3).says("answered 503").says("what was answered is saved");
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE state = 'usable'"), 2);
    assert!(calls(&world).0 < 40, "{}", calls(&world).0);
}

#[test]
fn nothing_is_lost_by_a_kill() {
    let world = World::with_groups(6);
    world.has_no_transcript("the answer that was being saved may or may not be there");
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [
        {"on": "responses.create", "nth": 6, "at": "received", "announce": here, "hold": go},
    ]}));
    let mut running = world.start(&["extract", "--concurrency", "1"]);
    running.until(&here);
    running.kill();
    // The call in the air, and at the most the one answer that was just being saved.
    let saved = world.count("SELECT count(*) FROM requests WHERE state = 'usable'");
    assert!((4..=5).contains(&saved), "{saved}");
    world.write("go", "");
    let rest = world.json(&["extract"], 0);
    assert_eq!(rest["account"]["usable"], 12 - saved, "{rest:#}");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 12);
}

#[cfg(unix)]
#[test]
fn ctrl_c_lets_the_calls_in_the_air_come_down() {
    let world = World::with_groups(6);
    world.has_no_transcript("how many calls are in flight when it is heard");
    let (here, go) = (world.path("here"), world.path("go"));
    world.script(&json!({"faults": [
        {"on": "responses.create", "nth": 5, "at": "received", "announce": here, "hold": go},
    ]}));
    let mut running = world.start(&["extract", "--concurrency", "1"]);
    running.until(&here);
    let killed =
        std::process::Command::new("kill").args([crate::harness::interrupt(), &running.id().to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    world.write("go", "");
    running.end().exits(130).says("not asked; the same command goes on");
    let saved = world.count("SELECT count(*) FROM requests WHERE state = 'usable'");
    assert!((5..=6).contains(&saved), "{saved}");
    world.run(&["extract"]).exits(0);
    assert_eq!(world.journal().n_calls("responses.create"), 12, "nothing was asked twice");
}

#[test]
fn a_server_that_hangs_breaks_off_or_shows_a_page_is_named() {
    let world = World::with_groups(1);
    let host = world.sandbox.base_url().replace("http://", "").replace("/v1", "");
    let check = |fault: Value, said: &str| {
        world.script(&json!({"faults": [fault]}));
        world.run(&["extract", "--timeout", "1"]).exits(1).says(&host).says(said);
        assert_eq!(world.count("SELECT count(*) FROM requests"), 0);
    };
    check(json!({"on": "responses.create", "times": 0, "hang": true}), "nothing came for 1 s");
    check(
        json!({"on": "responses.create", "times": 0, "at": "reply", "after_bytes": 20, "close": true}),
        "closed too early",
    );
    check(
        json!({"on": "*", "times": 0, "status": 200, "text": "<html><title>Log in</title></html>"}),
        "an HTML page: Log in",
    );
    check(json!({"on": "responses.create", "times": 0, "raw": "SSH-2.0-OpenSSH_9.6\r\n"}), "HTTP");
    check(
        json!({"on": "responses.create", "times": 0, "status": 302, "headers": {"location": "https://example.com/"}}),
        "302",
    );
}

#[test]
fn what_cannot_work_is_said_before_anything_is_asked() {
    let mut world = World::with_groups(1);
    world.run(&["extract", "--max-cost", "0.000001"]).exits(1).says("above `--max-cost 0.000001`");
    world
        .run(&["extract", "--max-cost", "1", "--model", "unheard-of"])
        .exits(1)
        .says("`--price INPUT,CACHED,OUTPUT[,WRITE]`");
    world.run(&["extract", "--max-cost", "-1"]).exits(2);
    assert_eq!(calls(&world), (0, 0));

    world.unset_var("OPENAI_API_KEY");
    world.run(&["extract"]).exits(1).says("answered 401").says("`OPENAI_API_KEY`");
    world.script(&json!({"without_key": true}));
    world.run(&["extract"]).exits(0);

    world.set_var("OPENAI_BASE_URL", "https://api.openai.com/v1");
    world.run(&["extract"]).exits(1).says("no API key is set").says("`OPENAI_API_KEY`");
    world.set_var("OPENAI_API_KEY", "sk-secret-1");
    world.set_var("OPENAI_BASE_URL", "http://api.openai.com/v1");
    world.run(&["extract"]).exits(1).says("clear text").says_not("sk-secret-1");
    world.set_var("OPENAI_BASE_URL", &world.sandbox.base_url().replace("http:", "https:"));
    world.run(&["extract", "--stale"]).exits(1).says("is it `http://` or `https://`?");
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    world.set_var("OPENAI_BASE_URL", &format!("http://{closed}/v1"));
    world.run(&["extract"]).exits(1).says(&format!("no connection to {closed}: connection refused"));
}

#[test]
fn a_refused_setting_is_named_and_no_request_is_lost_to_it() {
    let world = World::with_groups(2);
    world.script(&json!({"models": [
        {"model": "old-*", "refuses": ["reasoning.effort"]}, {"model": "no-*", "unknown": true},
    ]}));
    world.run(&["extract", "--model", "old-1"]).exits(1).says("`--effort unset`").says("`[model] reasoning_effort`");
    world.run(&["extract", "--model", "no-1"]).exits(1).says("another with `--model`");
    // Of a model that is not there one request is kept: it never goes to that model again.
    assert_eq!(world.rows("SELECT state, reason FROM requests"), ["failed|model_gone"]);
    // A batch learns it only from its lines.
    world.run(&["batch", "create", "--model", "old-1", "--wait"]).exits(3).says("`--effort unset`");
    world.run(&["extract", "--model", "old-1", "--effort", "unset", "--retry-failed"]).exits(0);
}

#[test]
fn one_request_goes_ahead_of_a_big_spend() {
    let world = World::with_groups(260);
    world.script(&json!({"models": [{"model": "no-*", "unknown": true}]}));
    let ran = world.run(&["batch", "create", "--model", "no-1"]).exits(1);
    ran.says("another with `--model`").says("`--no-probe`");
    assert_eq!(world.journal().n_calls("files.create"), 0);

    let created = world.json(&["batch", "create"], 0);
    assert_eq!((&created["total_groups"], &created["total_requests"]), (&json!(260), &json!(519)));
    let journal = world.journal();
    assert_eq!((journal.n_calls("responses.create"), journal.asked.len()), (2, 519));
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 520);

    let world = World::with_groups(251);
    world.run(&["batch", "create", "--no-probe"]).exits(0);
    world.run(&["batch", "create", "--limit", "3"]).exits(0);
    assert_eq!(calls(&world), (0, 0));
}

#[test]
fn two_asks_are_compared_and_one_is_adopted() {
    let world = World::with_groups(8);
    world.script(&json!({"answers": [
        {"contains": "Story 3:", "outcome": "refusal"},
    ]}));
    let compare = ["compare", "gpt-6.1-terra,effort=none", "gpt-5.4-mini,effort=unset", "--sample", "4"];
    let plan = world.json(&[&compare[..], &["--dry-run"]].concat(), 0);
    assert_eq!((&plan["total_groups"], &plan["sides"][0]["total_requests"]), (&json!(4), &json!(8)));
    assert_eq!(calls(&world), (0, 0));

    // One of the four is refused on both sides.
    let found = world.json(&compare, 3);
    let sides = found["sides"].as_array().expect("two sides");
    assert_eq!((&sides[0]["asked"], &sides[1]["asked"]), (&json!(8), &json!(8)), "{found:#}");
    assert_eq!((&found["topic_agreement"], &found["entity_agreement"]), (&json!(1.0), &json!(1.0)));
    assert_eq!((&sides[0]["usable"], &sides[0]["unusable"]), (&json!(6), &json!(2)));
    assert_eq!(found["collection_groups"], 8);
    let projected = |side: &Value| {
        side["projected_batch_usd"].as_f64().expect("a price") / side["cost_usd"].as_f64().expect("a price")
    };
    assert!((projected(&sides[0]) - 1.0).abs() < 1e-9, "twice the groups at half the price: {found:#}");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 0, "trials count for nothing");
    assert_eq!(world.count("SELECT count(*) FROM requests WHERE is_comparison = 1"), 16);

    // The same again buys nothing.
    let again = world.json(&compare, 3);
    assert_eq!((&again["sides"][0]["asked"], &again["sides"][0]["reused"]), (&json!(0), &json!(8)));
    assert_eq!(calls(&world).0, 16);

    let run = sides[1]["run_id"].as_str().expect("a run");
    world.run(&["compare", "--adopt", run]).exits(0).says("8 answers adopted");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 6);
    let models = "SELECT DISTINCT a.model FROM story_topics t JOIN prompts a ON a.id = t.prompt_id";
    assert_eq!(world.rows(models), ["gpt-5.4-mini"]);
    world.run(&["compare", "--adopt", run]).exits(2);
    world.run(&["compare", "gpt-6-luna", "gpt-6-luna"]).exits(2).says("both sides ask the same");
    world.run(&["compare", "modle=x", "gpt-6-luna"]).exits(2).says("no setting of a prompt");
}

#[test]
fn a_comparison_may_come_by_batch() {
    let world = World::with_groups(4);
    world.run(&["profile", "use", "news"]).exits(0);
    let compare = ["compare", "gpt-6.1-terra", "profile=football", "--sample", "2", "--batch"];
    let sent = world.json(&compare, 0);
    assert_eq!((sent["runs"].as_array().map(Vec::len), &sent["pending"]), (Some(2), &json!(8)), "{sent:#}");
    // In flight, and so not bought again.
    assert_eq!(world.json(&compare, 0)["pending"], 8);
    world.run(&["batch", "wait"]).exits(0);
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 0, "trials count for nothing");
    let found = world.json(&compare, 0);
    assert_eq!((&found["sides"][0]["usable"], &found["sides"][1]["usable"]), (&json!(4), &json!(4)), "{found:#}");
    assert_eq!(calls(&world), (0, 0));
    assert!(world.journal().asked.values().all(|times| *times == 2), "once a side");
    world.run(&["profile", "list"]).exits(0).says("news");
    assert_eq!(
        world.rows("SELECT p.name FROM profiles p JOIN meta m ON m.value = p.id WHERE m.key = 'active_profile'"),
        ["news"]
    );
    let run = sent["runs"][1].as_str().expect("a run");
    world.run(&["compare", "--adopt", run]).exits(0).says("4 answers adopted");
    assert_eq!(world.count("SELECT count(*) FROM current_answers"), 4);
}

#[test]
fn loopback_goes_through_no_proxy() {
    let mut world = World::with_groups(1);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"] {
        world.set_var(name, "http://127.0.0.1:9");
    }
    world.run(&["extract"]).exits(0);
}

#[test]
fn answers_of_another_origin_are_not_mixed_up() {
    let mut world = World::with_groups(2);
    world.run(&["extract"]).exits(0);
    // Not a sandbox, as far as anybody can see.
    let real = start_sandbox(&json!({"faults": [{"on": "*", "times": 0, "headers": {"x-gleaner-sandbox": null}}]}));
    world.set_var("OPENAI_BASE_URL", &real.base_url());
    world.run(&["extract"]).exits(0).says("usable 4");
    assert_eq!(world.rows("SELECT sandbox, count(*) FROM requests GROUP BY 1"), ["0|4", "1|4"]);
}

#[test]
fn a_server_that_refuses_the_role_is_asked_otherwise_and_remembered() {
    let world = World::with_groups(3);
    world.script(&json!({"models": [{"model": "*", "refuses": ["developer"]}]}));
    let ran = world.json(&["extract", "--limit", "1"], 0);
    assert_eq!(
        ran["asked_through"], "/v1/responses with a strict JSON schema, instructions in their own field",
        "{ran:#}"
    );
    assert_eq!(
        world.rows("SELECT capabilities FROM origins"),
        [r#"{"layout":{"instructions":"field","explicit_cache":true}}"#]
    );
    // A batch cannot try one after the other: it is laid out as was learned.
    let ended = world.json(&["batch", "create", "--wait"], 0);
    assert_eq!(ended["batches"][0]["account"]["usable"], 4, "{ended:#}");
    let file = ended["batches"][0]["input_file_path"].as_str().unwrap();
    let line: Value =
        serde_json::from_str(std::fs::read_to_string(world.path(file)).unwrap().lines().next().unwrap()).unwrap();
    assert!(line["body"]["instructions"].is_string() && line["body"]["input"].is_string(), "{line:#}");
    // Another layout asks nothing anew.
    world.script(&json!({}));
    world.run(&["batch", "create", "--stale"]).exits(0).says("nothing to send");
}

#[test]
fn a_request_larger_than_a_minute_s_budget_is_refused_alone() {
    let world = World::with_groups(4);
    let message = "Request too large for gpt-6-luna in organization org-x on tokens per min (TPM): Limit 30000, Requested \
                   31000. The input or output tokens must be reduced in order to run successfully.";
    let error = json!({"error": {"message": message, "type": "tokens", "param": null, "code": "rate_limit_exceeded"}});
    world.script(&json!({"faults": [
        {"on": "responses.create", "times": 0, "contains": "Story 3:", "status": 429, "json": error}]}));
    let ran = world.run(&["extract"]).exits(3).says("account: asked 8 = usable 6 + unusable 0 + failed 2");
    assert!(ran.stdout.contains("2 refused (http_429): 127.0.0.1"), "{}", ran.report());
    assert_eq!(world.journal().n_calls("responses.create"), 8, "no waiting helps it");
    let refused = "SELECT g.external_id, r.state, r.reason, count(*) FROM requests r
                   JOIN story_groups g ON g.id = r.story_group_id WHERE r.state <> 'usable' GROUP BY 1, 2, 3";
    assert_eq!(world.rows(refused), ["g3|refused|http_429|2"]);
    // It is asked again only where somebody says so.
    world.run(&["extract"]).exits(0).says("nothing to ask");
}

#[test]
fn an_answer_that_came_while_the_file_was_locked_is_saved() {
    // A reader keeps the transaction from being committed, a writer from being begun, or a sole owner from all.
    for lock in ["BEGIN; SELECT count(*) FROM requests", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        let mut world = World::with_groups(3);
        world.set_var("GLEANER_TEST_BUSY_MS", "5");
        let (here, go) = (world.path("here"), world.path("go"));
        world.script(&json!({"faults": [{"on": "responses.create", "nth": 1, "announce": here, "hold": go}]}));
        let mut asking = world.start(&["extract", "--json"]);
        asking.until(&here);
        let other = world.sql();
        other.execute_batch(lock).unwrap();
        fs::write(&go, "").unwrap();
        let warning = "database is locked; answers that came are kept and saved when it is free\n";
        asking.until_it_says(warning);
        drop(other);
        let ran = asking.end().exits(0);
        assert_eq!(ran.stderr.matches(warning).count(), 1, "{lock}\n{}", ran.report());
        let usable = json!({"sent": 6, "usable": 6, "unusable": 0, "failed": 0, "missing": 0});
        assert_eq!(ran.json()["account"], usable, "{lock}");
        assert_eq!(world.count("SELECT count(*) FROM answers"), 6);
        assert_eq!(calls(&world), (6, 0));
    }
}

#[test]
fn a_comparison_by_batch_looks_for_what_another_copy_has_sent() {
    let mut world = World::with_groups(2);
    world.run(&["batch", "create", "--limit", "1"]).exits(0);
    // This copy knows of nothing that was sent.
    let ours = world.db.clone();
    world.db = world.path("copy.db");
    fs::copy(&ours, &world.db).unwrap();
    world.sql().execute_batch("DELETE FROM requests; DELETE FROM batches; DELETE FROM runs").unwrap();
    let n_before = world.journal().batches.len();
    let args = ["compare", "gpt-6.1-terra", "--sample", "2", "--batch"];
    world.run(&args).exits(1).says("another copy of this database has sent `batch_");
    assert_eq!(world.journal().batches.len(), n_before);
    world.db = ours;
    world.run(&args).exits(0);
}
