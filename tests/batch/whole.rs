//! What each group is answered is worked out from its number, as a line of the provider's files; what must then stand in
//! the tables is worked out from the same number, by other code than the program's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use gleaner::door::model::Usage;
use gleaner::door::request::Prices;
use serde_json::{Value, json};

use super::one;
use crate::harness::World;

const N_GROUPS: usize = 3_500;

const FIRST: [&str; 20] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiroshi", "Ingrid", "Jorge", "Katya", "Lamar",
    "Mirela", "Nikhil", "Olamide", "Petra", "Quentin", "Rosalind", "Svetlana", "Tomasz",
];
const LAST: [&str; 20] = [
    "Abernathy",
    "Bogdanov",
    "Castellano",
    "Dufresne",
    "Eriksen",
    "Fitzwilliam",
    "Guerrero",
    "Hakimi",
    "Ishikawa",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Montgomery",
    "Nakamura",
    "Oyelaran",
    "Papadopoulos",
    "Quispe",
    "Rasmussen",
    "Stavros",
    "Thibodeaux",
];

/// Catalog person `i` of 400.
fn person(i: usize) -> String {
    format!("{} {}", FIRST[i % 20], LAST[i / 20 % 20])
}

/// An alias of catalog person `i` that no name resembles.
fn alias(i: usize) -> String {
    let i = i % 400;
    let letters: String = [i / 20 % 20, i % 20, (i * 7) % 20].iter().map(|&n| char::from(b'B' + n as u8)).collect();
    format!("{letters}Q{i:03}")
}

/// What becomes of a group's two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Both are answered well.
    Good,
    /// The topics come in prose, the entities in a code fence.
    Wrapped,
    /// The topics come as a list of words alone, the entities in the older spelling without an object around them.
    Older,
    /// The topics are no JSON at all.
    NotJson,
    /// The entities are declined by the model.
    Refusal,
    /// The entities are refused by the endpoint, in the error file.
    Refused,
    /// Neither ran, by the error file.
    Expired,
    /// The topics are in neither file.
    Missing,
    /// A success and a failure for each.
    Twice,
}

fn fate(n: usize) -> Fate {
    match n % 50 {
        3 | 4 => Fate::Wrapped,
        5 => Fate::Older,
        7 => Fate::NotJson,
        8 => Fate::Refusal,
        9 => Fate::Refused,
        10 => Fate::Expired,
        11 => Fate::Missing,
        12 => Fate::Twice,
        _ => Fate::Good,
    }
}

fn topics(n: usize) -> Value {
    json!({"topics": [
        {"topic": format!("  Space\n Policy  {} ", n % 40), "confidence": 0.9, "rank": 1},
        // Out of range on both sides, and said twice in two cases of letters.
        {"topic": "NASA", "confidence": 1.7, "rank": 0},
        {"topic": "nasa", "confidence": 0.2, "rank": 9},
        {"topic": "Budget", "confidence": -0.5, "rank": 3},
        {"topic": "", "confidence": 0.5, "rank": 4},
    ]})
}

fn entities(n: usize) -> Value {
    json!({"entities": [
        {"type": "person", "mention": person(n), "role": "pilot", "affiliation": null, "is_primary": true, "confidence": 0.95, "rank": 1},
        {"type": "person", "mention": alias(n + 1), "role": null, "is_primary": false, "confidence": 0.5, "rank": 2},
        {"type": "Company", "mention": format!("{} Orbital Freight", LAST[n % 20]), "is_primary": false, "confidence": 7, "rank": -2},
        {"type": "place", "mention": "Zzyzx Qwlaghm", "is_primary": false, "confidence": 0.25, "rank": 4},
    ]})
}

/// The lines of a group in the output and in the error file.
fn lines(n: usize) -> (Vec<Value>, Vec<Value>) {
    let (topic, entity) = (format!("topic_g{n:04}"), format!("entity_g{n:04}"));
    let (topics, entities) = (topics(n).to_string(), entities(n).to_string());
    let failed = |id: &str, code: &str| json!({"id": "b", "custom_id": id, "response": null, "error": {"code": code, "message": "This request could not be executed."}});
    match fate(n) {
        Fate::Good => (vec![answered(n, &topic, &topics), answered(n, &entity, &entities)], vec![]),
        Fate::Wrapped => (
            vec![
                answered(n, &topic, &format!("Sure! These are the topics: {topics} Let me know.")),
                answered(n, &entity, &format!("```json\n{entities}\n```")),
            ],
            vec![],
        ),
        Fate::Older => (
            vec![
                answered(n, &topic, &format!(r#"["Space Policy {}", "NASA"]"#, n % 40)),
                answered(
                    n,
                    &entity,
                    &json!([{"entity_type": "person", "mention_text": person(n), "is_primary": true,
                    "confidence": 0.95, "rank": 1}])
                    .to_string(),
                ),
            ],
            vec![],
        ),
        Fate::NotJson => (vec![answered(n, &topic, "I could not find any."), answered(n, &entity, &entities)], vec![]),
        Fate::Refusal => {
            let refusal =
                json!({"type": "message", "content": [{"type": "refusal", "refusal": "I can't help with that."}]});
            let mut line = answered(n, &entity, "");
            line["response"]["body"] = json!({"id": "r", "object": "response", "status": "completed", "created_at": 1_700_000_000,
                "model": "gpt-6-luna", "output": [refusal], "usage": usage()});
            (vec![answered(n, &topic, &topics), line], vec![])
        }
        Fate::Refused => {
            let body = json!({"error": {"message": "Invalid prompt.", "type": "invalid_request_error", "code": "invalid_prompt"}});
            let line = json!({"id": "b", "custom_id": entity, "response": {"status_code": 400, "request_id": "r", "body": body}, "error": null});
            (vec![answered(n, &topic, &topics)], vec![line])
        }
        Fate::Expired => (vec![], vec![failed(&topic, "batch_expired"), failed(&entity, "batch_expired")]),
        Fate::Missing => (vec![answered(n, &entity, &entities)], vec![]),
        Fate::Twice => (
            vec![answered(n, &topic, &topics), answered(n, &entity, &entities)],
            vec![failed(&topic, "server_error"), failed(&entity, "server_error")],
        ),
    }
}

fn usage() -> Value {
    json!({"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100,
        "output_tokens_details": {"reasoning_tokens": 40}, "total_tokens": 1100})
}

/// A line with a status of 200, in one of the shapes that servers write.
fn answered(n: usize, id: &str, text: &str) -> Value {
    let body = match n % 4 {
        0 => json!({"output_text": text}),
        1 => json!({"id": "c", "object": "chat.completion", "created": created_at(n), "model": "gpt-6-luna",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}),
        // JSON in a string.
        2 => json!(json!({"output_text": text, "created_at": created_at(n)}).to_string()),
        _ => {
            json!({"id": format!("resp_{n}"), "object": "response", "status": "completed", "created_at": created_at(n),
            "model": "gpt-6-luna", "usage": usage(), "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text, "annotations": []}]}]})
        }
    };
    json!({"id": "b", "custom_id": id, "response": {"status_code": 200, "request_id": "r", "body": body}, "error": null})
}

fn created_at(n: usize) -> i64 {
    1_700_000_000 + n as i64
}

/// When the answers of a group were given; the short body tells nothing, so the end of the batch counts.
fn extracted_at(n: usize, batch_end: &str) -> String {
    match n % 4 {
        0 => batch_end.to_owned(),
        _ => jiff::Timestamp::from_second(created_at(n)).expect("a time").strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

fn expected_topics(n: usize, batch_end: &str) -> Vec<String> {
    let at = extracted_at(n, batch_end);
    let policy = format!("space policy {0}|Space Policy {0}", n % 40);
    match fate(n) {
        Fate::NotJson | Fate::Expired | Fate::Missing => vec![],
        // Words alone: the place is the rank, the confidence is neither high nor low.
        Fate::Older => {
            vec![format!("g{n:04}|nasa|NASA|0.500000000|2|{at}"), format!("g{n:04}|{policy}|0.500000000|1|{at}")]
        }
        _ => vec![
            format!("g{n:04}|budget|Budget|0.000000000|3|{at}"),
            format!("g{n:04}|nasa|NASA|1.000000000|1|{at}"),
            format!("g{n:04}|{policy}|0.900000000|1|{at}"),
        ],
    }
}

fn expected_mentions(n: usize, batch_end: &str) -> Vec<String> {
    let at = extracted_at(n, batch_end);
    let (here, next) = (n % 400, (n + 1) % 400);
    let first =
        |hints: &str| format!("g{n:04}|1|person|{}|{hints}|p{here:03}|linked|exact|0.950000000|1|1|{at}", person(n));
    match fate(n) {
        Fate::Refusal | Fate::Refused | Fate::Expired => vec![],
        Fate::Older => vec![first("")],
        _ => vec![
            first(r#"{"role":"pilot"}"#),
            format!("g{n:04}|2|person|{}||p{next:03}|linked|alias|0.500000000|0|2|{at}", alias(n + 1)),
            format!(
                "g{n:04}|3|organization|{} Orbital Freight||c{:02}|linked|exact|1.000000000|0|1|{at}",
                LAST[n % 20],
                n % 20
            ),
            format!("g{n:04}|4|place|Zzyzx Qwlaghm|||unknown|none|0.250000000|0|4|{at}"),
        ],
    }
}

/// Returns what values out of range an answer of a group brings, that count as clamped.
fn n_clamped(n: usize) -> u64 {
    let (topics, entities) = match fate(n) {
        // Words alone lack both confidence and rank.
        Fate::Older => (4, 0),
        Fate::NotJson | Fate::Missing => (0, 2),
        Fate::Refusal | Fate::Refused => (3, 0),
        Fate::Expired => (0, 0),
        // Two confidences and a rank; one confidence and a rank.
        _ => (3, 2),
    };
    topics + entities
}

#[test]
fn every_row_of_3500_groups_is_what_was_answered() {
    let world = World::new();
    let catalog = (0..400)
        .map(|i| json!({"id": format!("p{i:03}"), "type": "person", "name": person(i), "aliases": [alias(i)]}))
        .chain((0..20).map(
            |i| json!({"id": format!("c{i:02}"), "type": "company", "name": format!("{} Orbital Freight", LAST[i])}),
        ));
    world.load_entities(&catalog.collect::<Vec<_>>());
    let groups = (0..N_GROUPS)
        .map(|n| json!({"id": format!("g{n:04}"), "title": format!("Title {n}"), "text": format!("Story {n}.")}));
    world.load_groups(&groups.collect::<Vec<_>>());

    // The files that the provider will hand out, in an order of their own.
    let (mut output, mut errors) = (String::new(), String::new());
    let (mut n_output, mut n_errors) = (0, 0);
    for i in 0..N_GROUPS {
        let (answered, failed) = lines(i * 1_237 % N_GROUPS);
        n_output += answered.len();
        n_errors += failed.len();
        for (file, lines) in [(&mut output, answered), (&mut errors, failed)] {
            for line in lines {
                writeln!(file, "{line}").expect("a text takes every write");
            }
        }
    }
    output += "{\"custom_id\":\"topic_nobody\",\"response\":{\"status_code\":200,\"body\":{\"output_text\":\"{}\"}}}\n";
    output += "this is no line of an output file\n";
    let (output, errors) = (world.write("output.jsonl", &output), world.write("errors.jsonl", &errors));
    let counts = json!({"total": 2 * N_GROUPS, "completed": n_output, "failed": n_errors});
    world.script(
        &json!({"batches": [{"output_file": output, "error_file": errors, "set": {"request_counts": counts}}]}),
    );

    let done = world.json(&["batch", "create", "--wait", "--no-probe"], 3);

    // What was sent: every group once, both questions.
    assert_eq!(world.journal().asked.len(), 2 * N_GROUPS);
    let path = world.path(&one(&world, "SELECT input_file_path FROM batches"));
    assert_eq!(fs::read_to_string(path).expect("a request file").lines().count(), 2 * N_GROUPS);

    // The account, from the fates alone.
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for n in 0..N_GROUPS {
        let (topic, entity) = match fate(n) {
            Fate::Good | Fate::Wrapped | Fate::Older | Fate::Twice => ("usable", "usable"),
            Fate::NotJson => ("unusable", "usable"),
            Fate::Refusal => ("usable", "unusable"),
            Fate::Refused => ("usable", "refused"),
            Fate::Expired => ("failed", "failed"),
            // The provider counts it as answered, and a line cannot be read: nobody knows.
            Fate::Missing => ("sent", "usable"),
        };
        *states.entry(topic).or_default() += 1;
        *states.entry(entity).or_default() += 1;
    }
    let counted: Vec<String> = states.iter().map(|(state, n)| format!("{state}|{n}")).collect();
    assert_eq!(world.rows("SELECT state, count(*) FROM requests GROUP BY state ORDER BY state"), counted);
    let report = &done["batches"][0];
    let expected = json!({"sent": 2 * N_GROUPS, "usable": states["usable"], "unusable": states["unusable"],
        "failed": states["failed"] + states["refused"], "missing": 0, "uncertain": states["sent"]});
    assert_eq!(report["account"], expected);
    assert_eq!((&report["foreign"], &report["duplicate"]), (&json!(2), &json!(2 * N_GROUPS / 50)));
    assert_eq!(report["clamped"], (0..N_GROUPS).map(n_clamped).sum::<u64>());
    assert_eq!(report["repaired"], json!(N_GROUPS / 50 * 6));

    // Every row, and none beside them.
    let batch_end = one(&world, "SELECT completed_at FROM batches");
    let same = |found: Vec<String>, mut expected: Vec<String>| {
        expected.sort();
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected);
        }
        assert_eq!(found.len(), expected.len());
    };
    let topics = world.rows(
        "SELECT group_id, topic, label, confidence, rank, extracted_at FROM story_topics_named ORDER BY group_id, topic",
    );
    same(topics, (0..N_GROUPS).flat_map(|n| expected_topics(n, &batch_end)).collect());
    let mentions = world.rows(
        "SELECT group_id, ordinal, entity_type, mention_text, hints, entity_id, outcome, method, confidence, is_primary, rank,
                extracted_at
         FROM story_entities_named ORDER BY group_id, ordinal",
    );
    same(mentions, (0..N_GROUPS).flat_map(|n| expected_mentions(n, &batch_end)).collect());
    let (n_topics, n_mentions) = (&report["topics_extracted"], &report["entities_extracted"]);
    assert_eq!(world.count("SELECT count(*) FROM story_topics"), n_topics.as_i64().expect("a count"));
    assert_eq!(world.count("SELECT count(*) FROM story_entities"), n_mentions.as_i64().expect("a count"));

    // Each row knows its ask and its batch.
    for (table, kind) in [("story_topics", "topic"), ("story_entities", "entity")] {
        let stray = format!(
            "SELECT count(*) FROM {table} t JOIN prompts a ON a.id = t.prompt_id WHERE a.kind <> '{kind}' OR t.batch_id IS NOT 1"
        );
        assert_eq!(world.count(&stray), 0);
    }

    // What it cost: the lines that tell their usage, at half the price.
    let n_told = (0..N_GROUPS)
        .map(|n| match (fate(n), n % 4) {
            (Fate::Refusal, 3) => 2,
            (Fate::Refusal, _) => 1,
            (Fate::Expired, _) | (_, 0..=2) => 0,
            (Fate::Refused | Fate::Missing, _) => 1,
            _ => 2,
        })
        .sum::<u64>();
    assert_eq!(report["cost"]["n_answers"], n_told);
    let each = Usage { input_tokens: 1_000, output_tokens: 100, ..Usage::default() };
    let each = Prices::builtin().cost("gpt-6-luna", each, true).expect("its price is known");
    let cost = report["cost"]["cost_usd"].as_f64().expect("a sum");
    assert!((cost - n_told as f64 * each).abs() < 1e-9, "{cost} for {n_told} answers at {each}");

    // And once more: nothing changes.
    let content = world.content();
    world.run(&["batch", "process", &one(&world, "SELECT external_id FROM batches")]).exits(3);
    assert!(world.content() == content, "a second import changed something");

    // The import linked in several threads; one thread finds the same.
    let links = || {
        world.rows(
            "SELECT g.external_id, m.ordinal, m.entity_id, m.outcome, m.method, m.score, m.grounding, m.place_story, m.place_at
             FROM story_entities m JOIN story_groups g ON g.id = m.story_group_id ORDER BY 1, 2",
        )
    };
    let by_threads = links();
    world.run(&["rebuild"]).exits(0);
    assert!(links() == by_threads, "the links depend on the threads");
}
