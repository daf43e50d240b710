//! Resolves a folder of labelled mentions without a database, for measuring and for fitting.
//!
//! `cargo bench --bench resolve_quality -- FOLDER [--answers FILE] [--features FILE [--mined N]] [--rounds N] [--strict | --loose]`
//!
//! FOLDER holds `catalog.jsonl`, `mentions.jsonl` and `labels.jsonl` (`{"gold_id", "kind"}` a line). Prints how often the
//! right entity is among the candidates (recall at 1, 5, 10 and 50), and mentions a second; writes answers for a scorer,
//! and the features of all candidates for `benches/fit_linking.py`; with `--mined` those of N mentions made of the catalog
//! itself, each with its entity there and without. With `--rounds` only the speed is measured, of so many
//! rounds over all mentions; nothing of a mention is remembered from one round to the next.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use gleaner::door::model::{Attributes, Entity, EntityKey, LinkOutcome};
use gleaner::door::resolve::{Builder, Query, Resolver, Strictness, feature_names};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut folder = None;
    let mut rounds = None;
    let mut n_mined = None;
    let (mut answers, mut features, mut strict) = (None, None, Strictness::Default);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--answers" => answers = args.next(),
            "--features" => features = args.next(),
            "--mined" => n_mined = args.next().and_then(|n| n.parse::<usize>().ok()),
            "--rounds" => rounds = args.next().and_then(|n| n.parse::<usize>().ok()),
            "--strict" => strict = Strictness::Strict,
            "--loose" => strict = Strictness::Loose,
            _ => folder = Some(PathBuf::from(arg)),
        }
    }
    let mut out = std::io::stdout().lock();
    let Some(folder) = folder else {
        writeln!(out, "give a folder with catalog.jsonl, mentions.jsonl and labels.jsonl")?;
        return Ok(());
    };
    let entities = read_catalog(&folder)?;
    let started = Instant::now();
    let mut builder = Builder::new();
    for (number, entity) in (0i64..).zip(&entities) {
        builder.add(EntityKey(number), entity);
    }
    let blocks = builder.resident()?;
    writeln!(
        out,
        "{}: {} entities, index {:.1} MB, built in {:.2} s",
        folder.display(),
        entities.len(),
        blocks.size() as f64 / 1e6,
        started.elapsed().as_secs_f64()
    )?;
    let ids: HashMap<&str, i64> = (0i64..).zip(&entities).map(|(n, e)| (e.id.as_str(), n)).collect();
    let mut resolver = Resolver::new(blocks)?;
    resolver.strictness = strict;
    let mentions = lines(&folder.join("mentions.jsonl"))?;
    let labels = lines(&folder.join("labels.jsonl")).unwrap_or_default();
    if let (Some(path), Some(n)) = (&features, n_mined) {
        return write_mined(&mut resolver, &entities, n, Path::new(path));
    }
    if let Some(path) = features {
        return write_features(&mut resolver, &mentions, &labels, &ids, Path::new(&path));
    }
    let queries: Vec<(String, Vec<String>, Attributes)> = mentions.iter().map(query_of).collect();
    let mut decisions = Vec::with_capacity(queries.len());
    let n_rounds = rounds.unwrap_or(1).max(1);
    // The clock of a thread may tick in milliseconds: all rounds are timed as one.
    let started = Instant::now();
    let before = processor_seconds().unwrap_or(0.0);
    for _ in 0..n_rounds {
        decisions.clear();
        for (text, types, hints) in &queries {
            decisions.push(resolver.resolve(&Query { text, types, hints, context: "" })?);
        }
    }
    let seconds = processor_seconds().map_or(started.elapsed().as_secs_f64(), |now| now - before);
    let speed = (queries.len() * n_rounds) as f64 / seconds;
    writeln!(out, "{} mentions, {speed:.0} a second over {n_rounds} rounds", queries.len())?;
    if let Some(path) = answers {
        let mut file = BufWriter::new(File::create(path)?);
        for decision in &decisions {
            let id = decision.entity.map(|key| entities[usize::try_from(key.0).unwrap_or(0)].id.as_str());
            let linked = decision.outcome == LinkOutcome::Linked;
            let line = json!({"entity_id": id.filter(|_| linked), "score": decision.score, "outcome": decision.outcome.as_str(), "method": decision.method.as_str()});
            writeln!(file, "{line}")?;
        }
    }
    if rounds.is_some() {
        return Ok(());
    }
    const DEPTHS: [usize; 4] = [1, 5, 10, 50];
    let mut found = [0usize; DEPTHS.len()];
    let mut present = 0;
    for ((text, types, hints), label) in queries.iter().zip(&labels) {
        let Some(gold) = label["gold_id"].as_str().and_then(|id| ids.get(id)) else { continue };
        present += 1;
        let names = resolver.retrieved(&Query { text, types, hints, context: "" })?;
        let at = names.iter().position(|entity| entity.0 == *gold);
        for (found, depth) in found.iter_mut().zip(DEPTHS) {
            *found += usize::from(at.is_some_and(|at| at < depth));
        }
    }
    if present > 0 {
        write!(out, "of {present} in the catalog, recall")?;
        for (found, depth) in found.iter().zip(DEPTHS) {
            write!(out, " at {depth}: {:.1} %", 100.0 * *found as f64 / present as f64)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn write_features<P: gleaner::door::resolve::Blocks>(
    resolver: &mut Resolver<P>,
    mentions: &[Value],
    labels: &[Value],
    ids: &HashMap<&str, i64>,
    path: &Path,
) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let (pair, decision) = feature_names();
    writeln!(file, "mention,gold,present,{},|,{}", pair.join(","), decision.join(","))?;
    for (number, (mention, label)) in mentions.iter().zip(labels).enumerate() {
        let (text, types, hints) = query_of(mention);
        let gold = label["gold_id"].as_str().and_then(|id| ids.get(id)).copied();
        let query = Query { text: &text, types: &types, hints: &hints, context: "" };
        // As it is, and, marked `x`, as it would be if the catalog lacked what is meant.
        for hide in [None, gold.map(EntityKey)].into_iter().take(1 + usize::from(gold.is_some())) {
            let present = if hide.is_some() { "x" } else { ["0", "1"][usize::from(gold.is_some())] };
            let rows = resolver.features(&query, hide)?;
            if rows.is_empty() {
                writeln!(file, "{number},-1,{present}")?;
            }
            for (entity, row) in rows {
                let row = row.iter().map(|v| format!("{v:.5}")).collect::<Vec<_>>().join(",");
                writeln!(file, "{number},{},{present},{row},|", u8::from(Some(entity.0) == gold))?;
            }
        }
    }
    Ok(())
}

/// Writes the features of mentions made of the names of entities, each once as it is and once as if the entity were not in
/// the catalog: then its nearest neighbours are what must not be linked.
fn write_mined<B: gleaner::door::resolve::Blocks>(
    resolver: &mut Resolver<B>,
    entities: &[Entity],
    n: usize,
    path: &Path,
) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let (pair, decision) = feature_names();
    let form = pair.iter().position(|name| *name == "form").unwrap_or(0);
    writeln!(file, "mention,gold,present,{},|,{}", pair.join(","), decision.join(","))?;
    let mut random = Random(11);
    let mut number = 0;
    for _ in 0..n {
        let at = random.below(entities.len());
        let entity = &entities[at];
        let key = EntityKey(i64::try_from(at)?);
        let text = noisy(entity, &mut random);
        let mut hints = Attributes::new();
        if random.below(3) == 0 {
            hints
                .extend(entity.attributes.iter().filter(|_| random.below(2) == 0).map(|(k, v)| (k.clone(), v.clone())));
        }
        let types = [entity.entity_type.clone()];
        let query = Query { text: &text, types: &types, hints: &hints, context: "" };
        let without = resolver.features(&query, Some(key))?;
        // Of two that bear one name nobody can tell which is absent.
        if without.iter().any(|(_, row)| row[form] >= 3.0) {
            continue;
        }
        for (rows, present) in [(resolver.features(&query, None)?, "1"), (without, "0")] {
            if rows.is_empty() {
                writeln!(file, "{number},-1,{present}")?;
            }
            for (entity, row) in rows {
                let row = row.iter().map(|v| format!("{v:.5}")).collect::<Vec<_>>().join(",");
                writeln!(file, "{number},{},{present},{row},|", u8::from(entity == key))?;
            }
            number += 1;
        }
    }
    Ok(())
}

/// Returns a name of an entity as somebody may write it.
fn noisy(entity: &Entity, random: &mut Random) -> String {
    let alias = entity.aliases.get(random.below(entity.aliases.len().max(1)));
    let name = alias.filter(|_| random.below(3) == 0).unwrap_or(&entity.name);
    let words: Vec<&str> = name.split_whitespace().collect();
    match random.below(10) {
        0 | 1 if name.chars().count() > 4 => {
            let mut letters: Vec<char> = name.chars().collect();
            let place = 1 + random.below(letters.len() - 2);
            match random.below(3) {
                0 => letters.swap(place, place + 1),
                1 => _ = letters.remove(place),
                _ => letters[place] = char::from(b'a' + u8::try_from(random.below(26)).unwrap_or(0)),
            }
            letters.into_iter().collect()
        }
        2 if words.len() > 2 => {
            let left_out = random.below(words.len());
            let kept = words.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, word)| *word);
            kept.collect::<Vec<_>>().join(" ")
        }
        3 if words.len() == 2 => {
            let initial: String = words[0].chars().take(1).collect();
            format!("{initial}. {}", words[1])
        }
        4 if words.len() > 2 => {
            let short = |word: &&str| word.chars().take(4).collect::<String>();
            words.iter().map(short).collect::<Vec<_>>().join(". ")
        }
        5 => name.to_uppercase(),
        _ => name.clone(),
    }
}

/// A plain generator: the same mentions every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }
}

/// Time this thread has spent on a processor, where the system tells: other programs do not count.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

fn query_of(mention: &Value) -> (String, Vec<String>, Attributes) {
    let text = mention["mention"].as_str().unwrap_or("").to_owned();
    let types = mention["type"].as_str().map(str::to_owned).into_iter().collect();
    let hints = mention["hints"].as_object().into_iter().flatten();
    (text, types, hints.map(|(name, value)| (name.clone(), words(value))).collect())
}

fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn lines(path: &Path) -> Result<Vec<Value>> {
    let file = BufReader::new(File::open(path).with_context(|| format!("could not open {}", path.display()))?);
    file.lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

fn read_catalog(folder: &Path) -> Result<Vec<Entity>> {
    let mut entities = Vec::new();
    for mut value in lines(&folder.join("catalog.jsonl"))? {
        if let Some(attributes) = value["attributes"].as_object_mut() {
            for value in attributes.values_mut() {
                *value = Value::String(words(value));
            }
        }
        entities.push(serde_json::from_value::<Entity>(value)?);
    }
    entities.sort_by(|a, b| a.entity_type.cmp(&b.entity_type));
    Ok(entities)
}
