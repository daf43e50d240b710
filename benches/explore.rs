//! How long each reading command takes on a big collection: 50,000 groups, 250,000 topics, 400,000 mentions and a
//! catalog of 100,000.
//!
//! `cargo bench --bench explore` makes the database (once; `-- FOLDER` says where it stays) and runs the built program
//! as a person would: a fresh process each time. Printed is the best of three, wall clock and processor time. What has a
//! limit and misses it makes the bench fail. Everything is made up by a counter, so each run measures the same.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use gleaner::door::model::{
    Entity, EntityId, EntityKey, Group, GroupId, GroupKey, LinkOutcome, Mention, RequestKey, Story, StoryValue, Topic,
};
use gleaner::door::store::{LinkedMention, Provenance, Store};

const GROUPS: u64 = 50_000;
const ENTITIES: u64 = 100_000;
const TOPICS_A_GROUP: u64 = 5;
const MENTIONS_A_GROUP: u64 = 9;
const SECTIONS: [&str; 5] = ["sport", "politics", "culture", "science", "world"];
/// Of nine mentions one is not linked: 400,000 links.
const UNLINKED_EVERY: u64 = 9;
/// What a reading command may take.
const LIMIT: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let folder = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let kept = tempfile::tempdir().expect("a folder can be made");
    let folder = folder.unwrap_or_else(|| kept.path().to_owned());
    let db = folder.join("big.db");
    let mut out = std::io::stdout().lock();
    if !db.exists() {
        let begun = Instant::now();
        build(&db);
        let size = std::fs::metadata(&db).map(|file| file.len()).unwrap_or_default() / 1_000_000;
        let _ = writeln!(out, "made {} ({size} MB) in {:.1} s", db.display(), begun.elapsed().as_secs_f64());
    }
    let page = folder.join("report.html").display().to_string();
    let table = folder.join("links.csv").display().to_string();
    let mut is_slow = false;
    for (limit, line) in [
        (None, "search --rebuild launch --json"),
        (Some(LIMIT), "search launch"),
        (Some(LIMIT), "search launch treaty --since 2021-06-01"),
        (Some(LIMIT), "search launch --where section=sport"),
        (Some(LIMIT), "search launch --entity person:p6 --topic topic-0-a"),
        (Some(LIMIT), "search lanch"),
        (Some(LIMIT), "search launch --facets"),
        (Some(LIMIT), "search --entity person:p6 --topic topic-0-a"),
        (Some(LIMIT), "show g25000"),
        (Some(LIMIT), "topics"),
        (Some(LIMIT), "topics --since 2021-01-01"),
        (Some(LIMIT), "topics --since 2022-06-01 --until 2022-06-30"),
        (Some(LIMIT), "topics topic-0-a"),
        (Some(LIMIT), "topics tpoic-0-a"),
        (Some(LIMIT), "entities"),
        (Some(LIMIT), "entities --type person --since 2021-01-01"),
        (Some(LIMIT), "entities person:p0"),
        (Some(LIMIT), "entities person:p70000"),
        (Some(LIMIT), "entities Bramio-Kolu"),
        (Some(LIMIT), "related g25000"),
        (Some(LIMIT), "unresolved"),
        (Some(LIMIT), "unresolved --json --limit 5"),
        (Some(LIMIT), "progress"),
        (None, "topics dedupe"),
        (None, &format!("export links --format csv -o {table}")),
        (None, &format!("report -o {page}")),
    ] {
        let (wall, cpu, ok) = (0..3).map(|_| run(&db, line)).min_by_key(|(wall, ..)| *wall).expect("it ran");
        let is_over = limit.is_some_and(|limit| cpu.unwrap_or(wall) > limit);
        is_slow |= is_over;
        let cpu = cpu.map_or("-".into(), |cpu| format!("{:.0} ms", cpu.as_secs_f64() * 1e3));
        let remark = if is_over {
            "  over the limit"
        } else if ok {
            ""
        } else {
            "  (exit code not 0)"
        };
        let line = line.replace(&folder.display().to_string(), "");
        let _ = writeln!(out, "{:>7.0} ms  {cpu:>8} processor  {line}{remark}", wall.as_secs_f64() * 1e3);
    }
    if is_slow { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs the program; returns wall clock, processor time where the system tells it, and whether it ended well.
fn run(db: &Path, line: &str) -> (Duration, Option<Duration>, bool) {
    let before = children();
    let begun = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_gleaner"))
        .arg("--db")
        .arg(db)
        .args(line.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program runs");
    let wall = begun.elapsed();
    let cpu = before.zip(children()).map(|(before, after)| after - before);
    (wall, cpu, status.success())
}

/// Processor time of all children that ended so far: fields 16 and 17 of `/proc/self/stat`, in ticks of 10 ms.
fn children() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Numbers that look random and are the same every time (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, small ones far more often: as names and topics are spread in news.
    fn skewed(&mut self, n: u64) -> u64 {
        let unit = (self.roll() >> 11) as f64 / (1u64 << 53) as f64;
        ((n as f64 + 1.0).powf(unit) - 1.0) as u64 % n
    }
}

fn name(n: u64) -> String {
    const PARTS: [&str; 16] =
        ["bra", "mio", "ko", "lu", "ther", "sa", "vin", "de", "ra", "mon", "ti", "gor", "el", "ha", "pe", "zu"];
    let word = |mut n: u64, parts: u32| {
        let mut word = String::new();
        for _ in 0..parts {
            word.push_str(PARTS[(n % 16) as usize]);
            n /= 16;
        }
        word[..1].to_uppercase() + &word[1..]
    };
    let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 24;
    format!("{} {}", word(mixed, 2 + (n % 2) as u32), word(mixed >> 12, 3))
}

fn topic(n: u64) -> String {
    format!("topic-{n}-{}", if n.is_multiple_of(2) { "a" } else { "b" })
}

fn build(db: &Path) {
    let now = "2026-01-01T00:00:00Z";
    let mut store = Store::open_or_create(db, now).expect("a database can be made");
    let types = ["person", "organization", "place"];
    let tx = store.write().expect("it can be written");
    for n in 0..ENTITIES {
        let entity = Entity {
            id: EntityId::new(format!("p{n}")),
            entity_type: types[(n % 10 / 7 + n % 10 / 9) as usize].into(),
            name: name(n),
            aliases: if n.is_multiple_of(3) { vec![format!("{} {n}", name(n))] } else { vec![] },
            attributes: [("country".to_owned(), format!("C{}", n % 40))].into(),
        };
        tx.load_entity(&entity, now).expect("loads");
    }
    gleaner::door::linking::refresh(&tx).expect("the name index is packed");
    tx.commit().expect("commits");
    let tx = store.write().expect("it can be written");
    // Whose answers they are does not matter here: one request a group and kind, made by hand.
    tx.execute_batch(
        "INSERT INTO prompts (id, fingerprint, kind, model, endpoint, parameters, instructions, schema_name, schema, created_at)
         VALUES (1, 'f', 'topic', 'm', '/v1/responses', '{}', 'i', 's', '{}', '2026-01-01T00:00:00Z'),
                (2, 'g', 'entity', 'm', '/v1/responses', '{}', 'i', 's', '{}', '2026-01-01T00:00:00Z');
         INSERT INTO runs (id, mode, created_at) VALUES ('run-1', 'direct', '2026-01-01T00:00:00Z');",
    )
    .expect("asks");
    let words = ["launch", "treaty", "market", "river", "harvest", "court", "engine", "storm", "museum", "league"];
    let mut dice = Dice(7);
    for n in 1..=GROUPS {
        let (topics, mentions) = learned(&mut dice);
        let story = |dice: &mut Dice, i: u64| {
            let mut text = String::new();
            for mention in &mentions {
                text.push_str(&mention.mention.text);
                for _ in 0..12 {
                    text.push(' ');
                    text.push_str(words[dice.skewed(10) as usize]);
                    text.push_str(&dice.skewed(4000).to_string());
                }
                text.push_str(". ");
            }
            let section = SECTIONS[(n + i) as usize % SECTIONS.len()];
            let attributes = [("section".to_owned(), StoryValue::One(section.into()))].into();
            Story { title: Some(format!("Story {i} of {n}")), text, attributes, ..Story::default() }
        };
        let group = Group {
            id: GroupId::new(format!("g{n}")),
            title: Some(format!("A {} and a {}", words[(n % 10) as usize], words[(n / 10 % 10) as usize])),
            status: Group::ACTIVE.into(),
            created_at: Some(format!("{}-{:02}-{:02}T08:00:00Z", 2020 + n % 5, n % 12 + 1, n % 28 + 1)),
            stories: vec![story(&mut dice, 1), story(&mut dice, 2)],
        };
        tx.load_group(&group, Some([1; 16]), None, now).expect("loads");
        for (i, kind) in ["topic", "entity"].into_iter().enumerate() {
            tx.execute(
                "INSERT INTO requests (story_group_id, kind, prompt_id, text_hash, run_id, state)
                 VALUES (?1, ?2, ?3, zeroblob(16), 'run-1', 'usable')",
                (n as i64, kind, i as i64 + 1),
            )
            .expect("a request");
            let request = tx.last_insert_rowid();
            tx.execute(
                "INSERT INTO answers (request_id, answered_at, model, input_tokens, output_tokens, cost_usd)
                 VALUES (?1, '2026-01-01T00:00:00Z', 'm', 1200, 300, 0.0004)",
                [request],
            )
            .expect("an answer");
            let source = Provenance {
                group: GroupKey(n as i64),
                request: RequestKey(request),
                prompt: gleaner::door::model::PromptKey(i as i64 + 1),
                batch: None,
                extracted_at: Some(now.into()),
            };
            match kind {
                "topic" => tx.replace_topics(&source, &topics).expect("topics"),
                _ => tx.replace_mentions(&source, &mentions).expect("mentions"),
            }
        }
    }
    tx.commit().expect("commits");
}

fn learned(dice: &mut Dice) -> (Vec<Topic>, Vec<LinkedMention>) {
    let mut topics: Vec<Topic> = vec![];
    while (topics.len() as u64) < TOPICS_A_GROUP {
        let topic = topic(dice.skewed(40_000));
        if topics.iter().all(|known| known.topic != topic) {
            let rank = topics.len() as u32 + 1;
            topics.push(Topic { label: topic.clone(), topic, confidence: 0.9, rank });
        }
    }
    let mentions = (0..MENTIONS_A_GROUP).map(|i| {
        let n = dice.skewed(ENTITIES);
        let is_linked = i % UNLINKED_EVERY != UNLINKED_EVERY - 1;
        let text = if is_linked { name(n) } else { format!("Unheard {}", name(n % 20_000)) };
        LinkedMention {
            key: text.to_lowercase(),
            mention: Mention {
                entity_type: "person".into(),
                text,
                hints: [("country".to_owned(), format!("C{}", n % 40))].into(),
                is_primary: i < 2,
                confidence: 0.9,
                rank: i as u32 + 1,
            },
            entity: is_linked.then_some(EntityKey(n as i64 + 1)),
            outcome: if is_linked { LinkOutcome::Linked } else { LinkOutcome::Unknown },
            method: if is_linked { "exact".into() } else { "none".into() },
            score: if is_linked { 0.99 } else { 0.1 },
            grounded: None,
        }
    });
    (topics, mentions.collect())
}
