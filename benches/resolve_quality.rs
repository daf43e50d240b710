//! Resolves a folder of labelled mentions without a database, for measuring and for fitting.
//!
//! `cargo bench --bench resolve_quality -- FOLDER [--answers FILE] [--features FILE] [--rounds N] [--strict | --loose]`
//!
//! FOLDER holds `catalog.jsonl`, `mentions.jsonl` and `labels.jsonl` (`{"gold_id", "kind"}` a line). Prints how often the
//! right entity is among the candidates (recall at 1, 5, 10 and 50), and mentions a second; writes answers for a scorer,
//! and the features of all candidates for `benches/fit_linking.py`. With `--rounds` only the speed is measured, of so many
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
    let (mut answers, mut features, mut strict) = (None, None, Strictness::Default);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--answers" => answers = args.next(),
            "--features" => features = args.next(),
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
