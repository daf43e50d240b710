//! Cost of the rooms that every answer and every request passes through, each beside the least that such work can cost.
//!
//! `cargo bench --bench hot_rooms [-- ROUNDS]` runs room and least in turn and prints the median of their ratios, so that
//! a machine that is busy with something else slows both. Everything is made up by a counter: each run measures the same.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use gleaner::door::answer::{Expect, Line};
use gleaner::door::linking::{self, Linker, Load};
use gleaner::door::model::{Attributes, Entity, EntityId, EntityKey, Mention};
use gleaner::door::profile::Profile;
use gleaner::door::request::{escaped, json_bytes, tokens};
use gleaner::door::resolve::{Builder, Query, Resolver, Strictness};
use gleaner::door::store::Store;

/// Work, and what it is set against.
struct Pair {
    what: &'static str,
    against: &'static str,
    room: Box<dyn FnMut()>,
    least: Box<dyn FnMut()>,
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(31);
    let mut out = std::io::stdout().lock();
    for mut pair in pairs() {
        let mut ratios: Vec<f64> = (0..rounds).map(|_| seconds(&mut pair.room) / seconds(&mut pair.least)).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |share: usize| ratios[(ratios.len() - 1) * share / 10];
        let _ = writeln!(out, "{:<34} {:>7.2} ({:.2} to {:.2}) times {}", pair.what, at(5), at(1), at(9), pair.against);
    }
}

fn seconds(work: &mut Box<dyn FnMut()>) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

fn pairs() -> Vec<Pair> {
    let lines: Vec<String> = (0..500).map(line).collect();
    let stories: Vec<String> = (0..200).map(story).collect();
    let (own_lines, own_stories, more_stories) = (lines.clone(), stories.clone(), stories.clone());
    let (bytes, words) = (stories.clone(), stories);
    let expect = Expect::topics(10);
    let mut resolver = Resolver::new(catalog().resident().expect("packs")).expect("opens");
    let mentions: Vec<String> = (0..400).map(|n| format!("{} {}", word(n), word(n * 7 + n % 3))).collect();
    let looked_up = mentions.clone();
    let names: std::collections::HashMap<String, u64> =
        (0..20_000).map(|n| (format!("{} {}", word(n), word(n * 7)).to_lowercase(), n)).collect();
    let (large, small) = (linked_groups(1, 1_270), linked_groups(10, 127));
    vec![
        Pair {
            what: "one group of 1,270 mentions, linked",
            against: "ten groups of 127 (10 were quadratic)",
            room: Box::new(large),
            least: Box::new(small),
        },
        Pair {
            what: "an output line, classified",
            against: "its JSON as a tree of values",
            room: Box::new(move || {
                for line in &own_lines {
                    black_box(Line::open(line.as_bytes()).map(|line| line.classify(&expect)).is_ok());
                }
            }),
            least: Box::new(move || {
                for line in &lines {
                    black_box(serde_json::from_str::<serde_json::Value>(line).is_ok());
                }
            }),
        },
        Pair {
            what: "tokens of a story, estimated",
            against: "its characters counted by class",
            room: Box::new(move || words.iter().for_each(|story| _ = black_box(tokens::estimate(story)))),
            least: Box::new(move || {
                let count = |story: &String| story.chars().filter(|c| c.is_alphabetic()).count();
                bytes.iter().for_each(|story| _ = black_box(count(story)));
            }),
        },
        Pair {
            what: "a story's length as JSON",
            against: "the story as JSON",
            room: Box::new(move || own_stories.iter().for_each(|story| _ = black_box(json_bytes(story)))),
            least: Box::new(move || more_stories.iter().for_each(|story| _ = black_box(escaped(story)))),
        },
        Pair {
            what: "a mention, resolved among 20,000",
            against: "one look into a table of names",
            room: Box::new(move || {
                for text in &mentions {
                    let query = Query { text, types: &[], hints: &Attributes::new(), context: "" };
                    black_box(resolver.resolve(&query).is_ok());
                }
            }),
            least: Box::new(move || {
                looked_up.iter().for_each(|text| _ = black_box(names.get(&text.to_lowercase())));
            }),
        },
    ]
}

/// Work that links so many groups of so many mentions each against a database of 2,000 entities.
fn linked_groups(n_groups: u64, n_mentions: u64) -> impl FnMut() + 'static {
    const NOW: &str = "2026-01-01T00:00:00Z";
    // The linker borrows it, and both last as long as the bench.
    let store: &'static mut Store = Box::leak(Box::new(Store::open_in_memory(NOW).expect("opens")));
    let tx = store.write().expect("begins");
    for n in 0..2_000 {
        tx.load_entity(&entity(n), NOW).expect("loads");
    }
    linking::rebuild(&tx).expect("packs");
    tx.commit().expect("commits");
    let profile = Profile::parse(Profile::builtin("news").expect("it is built in")).expect("it is sound");
    let mut linker = Linker::open(store.read(), Strictness::Default, Load::Many).expect("opens");
    let groups: Vec<Vec<Mention>> = (0..n_groups)
        .map(|group| {
            let mention = |n| Mention {
                entity_type: "person".into(),
                text: format!("{} {}", word(n), word(n * 7 + n % 3)),
                hints: Attributes::new(),
                confidence: 0.9,
                is_primary: false,
                rank: 1,
            };
            (0..n_mentions).map(|n| mention(group * n_mentions + n)).collect()
        })
        .collect();
    move || groups.iter().for_each(|group| _ = black_box(linker.link(&profile, group).is_ok()))
}

fn entity(n: u64) -> Entity {
    Entity {
        id: EntityId::new(n.to_string()),
        entity_type: "person".into(),
        name: format!("{} {}", word(n), word(n * 7)),
        aliases: vec![],
        attributes: Attributes::from([("team".to_owned(), word(n % 40))]),
    }
}

fn catalog() -> Builder {
    let mut builder = Builder::new();
    for n in 0..20_000u64 {
        builder.add(EntityKey(n as i64), &entity(n));
    }
    builder
}

fn line(n: u64) -> String {
    let topics: Vec<_> = (0..6)
        .map(|rank| serde_json::json!({"topic": format!("{} {}", word(n + rank), word(n * 3 + rank)), "confidence": 0.5, "rank": rank + 1}))
        .collect();
    let text = serde_json::json!({"topics": topics}).to_string();
    let schema = serde_json::json!({"type": "object", "properties": {"topics": {"type": "array", "items": {"type":
        "object", "properties": {"topic": {"type": "string"}, "confidence": {"type": "number"}}}}}});
    serde_json::json!({"id": format!("r{n}"), "custom_id": format!("topic_g{n}"), "error": null, "response": {
        "status_code": 200, "body": {"id": format!("resp_{n}"), "object": "response", "status": "completed",
        "created_at": 1_700_000_000 + n, "model": "a-model", "instructions": null, "tools": [], "metadata": {},
        "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant",
        "content": [{"type": "output_text", "annotations": [], "text": text}]}],
        "text": {"format": {"type": "json_schema", "name": "story_topics", "schema": schema}},
        "usage": {"input_tokens": 2000, "output_tokens": 200}}}})
    .to_string()
}

fn story(n: u64) -> String {
    (0..400)
        .map(|at| if at % 13 == 0 { format!("{}. \"", word(n + at)) } else { word(n * 31 + at).to_lowercase() + " " })
        .collect()
}

/// A word that looks random and is the same every time.
fn word(n: u64) -> String {
    const PARTS: [&str; 16] =
        ["bra", "mio", "ko", "lu", "ther", "sa", "vin", "de", "ra", "mon", "ti", "gor", "el", "ha", "pe", "zu"];
    let mut mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 24;
    let mut word = String::new();
    for _ in 0..2 + n % 2 {
        word.push_str(PARTS[(mixed % 16) as usize]);
        mixed /= 16;
    }
    word[..1].to_uppercase() + &word[1..]
}
