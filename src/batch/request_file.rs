//! Request files: made from the database when they are needed, appear whole or not at all.

use std::collections::HashMap;
use std::io::{self, Write};

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::batch::part;
use crate::batch::plan::custom_id_of;
use crate::interrupt;
use crate::model::{BatchKey, GroupKey, PromptKey, RequestKey};
use crate::request::{LineTemplate, escaped, render_input, tokens};
use crate::session::Session;
use crate::store::{BatchRow, GroupRow, NewBatch, Read, RequestRow, RequestState, Tx};
use crate::terminal::bar::Unit;
use crate::text::hex;
use crate::text::whole_file::{self, WholeFile};

/// A request file as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFile {
    /// Relative to the database's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Groups in it.
    pub n_groups: u64,
    /// Requests in it.
    pub n_requests: u64,
}

/// Contents of the metadata file beside a request file.
#[derive(Serialize)]
struct Metadata<'a> {
    run_id: &'a str,
    part: u32,
    parts: u32,
    gleaner_db: &'a str,
    gleaner_version: &'a str,
    created_at: &'a str,
    model: &'a str,
    endpoint: &'a str,
    total_groups: u64,
    total_requests: u64,
    input_file: &'a str,
    bytes: u64,
    sha256: &'a str,
    estimated_input_tokens: u64,
    estimated_cost_usd: Option<f64>,
    prompts: Vec<PromptFacts>,
}

#[derive(Serialize)]
struct PromptFacts {
    kind: String,
    fingerprint: String,
    requests: u64,
}

/// Writes the request file of a part from what stands in the database now, and the metadata file beside it.
///
/// A group whose text has changed since the plan goes out as it is today, with its new hash in the ledger; one that is
/// no longer active or has lost its text is withdrawn. Returns `None` where nothing is left to send.
pub fn write(session: &mut Session<'_>, key: BatchKey) -> anyhow::Result<Option<RequestFile>> {
    let folder = session.batch_files()?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let row = tx.read().batch(key)?;
    let stem = tx.read().run(&row.run)?.and_then(|run| run.file_stem).context("the run has no file name")?;
    let n_parts = tx.read().batches_of_run(&row.run)?.iter().map(|batch| batch.part).max().unwrap_or(1);
    let stem = if n_parts > 1 { format!("{stem}_part{:02}", row.part) } else { stem };
    let name = format!("{stem}.jsonl");
    let written = write_lines(session.terminal, &tx, &row, &folder.join(&name))?;
    for (request, text_hash) in &written.changed {
        tx.set_request_text(*request, *text_hash)?;
    }
    for request in &written.withdrawn {
        tx.set_request_state(*request, RequestState::Withdrawn, Some("no_text"))?;
    }
    if written.n_requests == 0 {
        part::withdraw(&tx, key, "no_text")?;
        tx.commit()?;
        return Ok(None);
    }
    let file = RequestFile {
        path: format!("batch_files/{name}"),
        bytes: written.bytes,
        sha256: written.sha256,
        n_groups: written.n_groups,
        n_requests: written.n_requests,
    };
    // A text that grew or shrank since the plan costs its share more or less.
    let share = match row.estimated_input_tokens {
        0 => 1.0,
        planned => written.tokens as f64 / planned as f64,
    };
    let estimated_cost_usd = row.estimated_cost_usd.map(|usd| usd * share);
    tx.set_part_size(
        key,
        &NewBatch {
            run: row.run.clone(),
            part: row.part,
            model: row.model.clone(),
            n_groups: file.n_groups,
            n_requests: file.n_requests,
            estimated_input_tokens: written.tokens,
            estimated_cost_usd,
        },
    )?;
    tx.note_file(key, (&file.path, file.bytes, &file.sha256))?;
    let db_id = tx.read().db_id()?;
    let mut prompts = vec![];
    let mut endpoint = "";
    for (prompt, n) in &written.prompts {
        let stored = tx.read().prompt(*prompt)?.prompt;
        endpoint = stored.endpoint.path();
        prompts.push(PromptFacts { kind: stored.kind.to_string(), fingerprint: stored.fingerprint, requests: *n });
    }
    prompts.sort_by(|a, b| b.kind.cmp(&a.kind));
    let metadata = Metadata {
        run_id: row.run.as_str(),
        part: row.part,
        parts: n_parts,
        gleaner_db: &db_id,
        gleaner_version: env!("CARGO_PKG_VERSION"),
        created_at: &now,
        model: &row.model,
        endpoint,
        total_groups: file.n_groups,
        total_requests: file.n_requests,
        input_file: &name,
        bytes: file.bytes,
        sha256: &file.sha256,
        estimated_input_tokens: written.tokens,
        estimated_cost_usd,
        prompts,
    };
    let beside = folder.join(format!("{stem}_metadata.json"));
    whole_file::write(&beside, format!("{}\n", serde_json::to_string_pretty(&metadata)?).as_bytes())?;
    tx.commit()?;
    Ok(Some(file))
}

struct Written {
    bytes: u64,
    sha256: String,
    n_groups: u64,
    n_requests: u64,
    tokens: u64,
    prompts: HashMap<PromptKey, u64>,
    changed: Vec<(RequestKey, [u8; 16])>,
    withdrawn: Vec<RequestKey>,
}

fn write_lines(
    terminal: &crate::terminal::Terminal,
    tx: &Tx<'_>,
    part: &BatchRow,
    path: &std::path::Path,
) -> anyhow::Result<Written> {
    let cannot = || format!("cannot write `{}`", path.display());
    let mut out = Hashing { inner: WholeFile::create(path)?, sha256: Sha256::new(), bytes: 0 };
    let mut written = Written {
        bytes: 0,
        sha256: String::new(),
        n_groups: 0,
        n_requests: 0,
        tokens: 0,
        prompts: HashMap::new(),
        changed: vec![],
        withdrawn: vec![],
    };
    let mut templates: HashMap<PromptKey, LineTemplate> = HashMap::new();
    let mut at: Option<(GroupKey, Option<Sendable>)> = None;
    let bar = terminal.bar(part.n_groups, Unit::Count, "writing requests");
    let read = tx.read();
    let origin = part.origin.or(read.run(&part.run)?.and_then(|run| run.origin));
    let layout = origin.map(|origin| read.layout_of(origin)).transpose()?.unwrap_or_default();
    read.each_request_of_batch(part.key, Some(RequestState::Planned), |request| {
        interrupt::check()?;
        if at.as_ref().is_none_or(|(group, _)| *group != request.group) {
            bar.inc(1);
            let sendable = sendable(read, &request)?;
            written.n_groups += u64::from(sendable.is_some());
            at = Some((request.group, sendable));
        }
        let Some((_, Some(Sendable { row, input }))) = &at else {
            written.withdrawn.push(request.key);
            return Ok(());
        };
        let template = match templates.entry(request.prompt) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(LineTemplate::laid_out(&read.prompt(request.prompt)?.prompt, layout))
            }
        };
        template.write_escaped(&mut out, &custom_id_of(row, request.kind), input).with_context(cannot)?;
        written.n_requests += 1;
        *written.prompts.entry(request.prompt).or_default() += 1;
        if let Some(text_hash) = row.text_hash.filter(|hash| *hash != request.text_hash) {
            written.changed.push((request.key, text_hash));
        }
        if written.n_requests.is_multiple_of(LINES_A_MESSAGE) {
            bar.message(&crate::terminal::words::bytes(out.bytes));
        }
        Ok(())
    })?;
    // A part that is sent as it was planned was measured then.
    let is_as_planned = written.changed.is_empty() && written.withdrawn.is_empty();
    written.tokens = match is_as_planned {
        true => part.estimated_input_tokens,
        false => measured(read, part.key, &written.withdrawn, &templates)?,
    };
    written.bytes = out.bytes;
    written.sha256 = hex(&out.sha256.finalize());
    if written.n_requests > 0 {
        out.inner.finish()?;
    }
    Ok(written)
}

/// Lines after which the bar says how large the file is by now.
const LINES_A_MESSAGE: u64 = 256;

/// A group, and what is sent of it in each of its requests.
struct Sendable {
    row: GroupRow,
    /// As a JSON string.
    input: String,
}

/// Returns the group of a request and what is sent of it, if it can still be sent.
fn sendable(read: Read<'_>, request: &RequestRow) -> anyhow::Result<Option<Sendable>> {
    let row = read.group(request.group)?;
    Ok(row.filter(|row| row.text_hash.is_some() && row.group.status == crate::model::Group::ACTIVE).map(|row| {
        let input = escaped(&render_input(&row.group));
        Sendable { row, input }
    }))
}

/// Estimates the tokens of what was written, group by group.
fn measured(
    read: Read<'_>,
    part: BatchKey,
    withdrawn: &[RequestKey],
    templates: &HashMap<PromptKey, LineTemplate>,
) -> anyhow::Result<u64> {
    let mut sum = 0;
    let mut last = None;
    read.each_request_of_batch(part, Some(RequestState::Planned), |request| {
        if withdrawn.binary_search(&request.key).is_ok() {
            return Ok(());
        }
        let n_tokens = match last {
            Some((group, n_tokens)) if group == request.group => n_tokens,
            _ => read.group(request.group)?.map_or(0, |row| tokens::estimate(&render_input(&row.group))),
        };
        last = Some((request.group, n_tokens));
        sum += n_tokens + templates.get(&request.prompt).map_or(0, LineTemplate::prompt_tokens);
        Ok(())
    })?;
    Ok(sum)
}

/// Writes through, hashing and counting.
struct Hashing<W> {
    inner: W,
    sha256: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buffer)?;
        self.sha256.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
