//! Taking over a batch that this database does not know: another copy of it made the batch, or its record was lost.
//!
//! The batch's own input file says what was asked, so the ledger's rows can be made from it: the group by the
//! `custom_id`, the prompt by comparing the question, the text's hash by comparing the text. After that it is a batch
//! like any other. Nothing is bought here; what this copy still planned to ask of the same groups is withdrawn.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use sha2::{Digest as _, Sha256};

use crate::batch::look;
use crate::batch::part::{self, Part, Planned, Seen};
use crate::batch::prompts::Prompts;
use crate::error::Explain as _;
use crate::interrupt;
use crate::model::{BatchId, BatchKey, FileId, Kind, PromptKey, RunId};
use crate::profile::PromptOptions;
use crate::provider::{Batch, Client};
use crate::request::{LineTemplate, RequestLine, parse_custom_id, render_input};
use crate::session::Session;
use crate::session::api_failure;
use crate::store::{BatchState, NewBatch, NewRequest, Origin, RequestRow, RequestState, RunRow, Tx};
use crate::terminal::words::count;
use crate::text::lines::Lines;

/// The most bytes of a request line that are read: a group's text is at most a few MiB.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Looks a batch up at the provider and takes it over. Returns `None` where the provider does not know it either.
pub fn take_over(session: &mut Session<'_>, client: &Client, id: &str) -> anyhow::Result<Option<BatchKey>> {
    let batch = match client.get_batch(id) {
        Ok(batch) => batch,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(api_failure(error)),
    };
    let file = batch.input_file_id.clone().with_context(|| format!("batch `{id}` names no input file"))?;
    let origin = session.origin_of(client)?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let path = folder.path().join("input.jsonl");
    client
        .download(&file, &path, None, &mut |_| {})
        .map_err(api_failure)
        .hint("if the provider has deleted it, import the answers where the batch was made")
        .with_context(|| format!("cannot read what batch `{id}` asked"))?;

    let prompts = Prompts::of(&session.store, &PromptOptions::default())?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let mut recorder = Recorder::new(&tx, &prompts, &origin, &batch, now)?;
    recorder.read(&path)?;
    let (key, found) = recorder.finish()?;
    tx.commit()?;
    session.terminal.status(format!(
        "batch `{id}` was not known here: adopted from its own input file, {} for {}",
        count(found.n_requests, "request"),
        count(found.n_groups, "group")
    ));
    if found.n_unknown > 0 {
        session.terminal.warn(format!(
            "{} of that batch stand for groups that are not in this database; their answers are set aside",
            count(found.n_unknown, "line")
        ));
    }
    Ok(Some(key))
}

/// Records a batch of another copy as given up here, without its requests: it stops nothing any more, and what it asked
/// may be asked again. Returns `None` where the provider does not know it as a batch of this database.
pub fn leave_aside(session: &mut Session<'_>, client: &Client, id: &str) -> anyhow::Result<Option<BatchKey>> {
    let batch = match client.get_batch(id) {
        Ok(batch) => batch,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(api_failure(error)),
    };
    if batch.metadata.get("gleaner_db") != Some(&session.store.read().db_id()?) {
        return Ok(None);
    }
    let origin = session.origin_of(client)?;
    let prompts = Prompts::of(&session.store, &PromptOptions::default())?;
    let now = session.config.now_text();
    let tx = session.store.write()?;
    let recorder = Recorder::new(&tx, &prompts, &origin, &batch, now.clone())?;
    let key = recorder.key;
    recorder.note(&now)?;
    part::give_up(&tx, key, &now)?;
    tx.commit()?;
    Ok(Some(key))
}

/// Totals of an input file.
#[derive(Default)]
struct InputTotals {
    n_groups: u64,
    n_requests: u64,
    n_unknown: u64,
    tokens: u64,
}

/// Writes the ledger's rows of one batch from its input file.
struct Recorder<'t, 'c> {
    tx: &'t Tx<'c>,
    prompts: &'t Prompts,
    origin: &'t Origin,
    batch: &'t Batch,
    now: String,
    run: RunId,
    part: u32,
    key: BatchKey,
    by_line: HashMap<String, Option<(PromptKey, LineTemplate)>>,
    /// Parts of this copy that lost requests.
    emptied: BTreeSet<BatchKey>,
    last_group: Option<crate::model::GroupKey>,
    found: InputTotals,
}

impl<'t, 'c> Recorder<'t, 'c> {
    fn new(
        tx: &'t Tx<'c>,
        prompts: &'t Prompts,
        origin: &'t Origin,
        batch: &'t Batch,
        now: String,
    ) -> anyhow::Result<Self> {
        let is_ours = batch.metadata.get("gleaner_db") == Some(&tx.read().db_id()?);
        // The run as the other copy calls it, so that both tell the same story.
        let run = match batch.metadata.get("gleaner_run").filter(|run| is_ours && run.starts_with("run-")) {
            Some(run) => RunId::new(run.clone()),
            None => RunId::new(format!("run-adopted-{}", &tx.fresh_key()?[..8])),
        };
        let known = tx.read().batches_of_run(&run)?;
        let named = batch.metadata.get("gleaner_part").and_then(|part| part.split('/').next()?.parse().ok());
        let next = known.iter().map(|batch| batch.part).max().unwrap_or(0) + 1;
        let part = named.filter(|part| known.iter().all(|batch| batch.part != *part)).unwrap_or(next);
        if tx.read().run(&run)?.is_none() {
            tx.add_run(&RunRow {
                id: run.clone(),
                mode: "batch".into(),
                origin: Some(origin.key),
                created_at: now.clone(),
                file_stem: None,
                n_groups: 0,
                n_requests: 0,
                price: None,
            })?;
        }
        let key = Part::add(
            tx,
            &NewBatch {
                run: run.clone(),
                part,
                model: batch.model.clone().unwrap_or_else(|| prompts.model().to_owned()),
                n_groups: 0,
                n_requests: 0,
                estimated_input_tokens: 0,
                estimated_cost_usd: None,
            },
        )?
        .key();
        Ok(Self {
            tx,
            prompts,
            origin,
            batch,
            now,
            run,
            part,
            key,
            by_line: HashMap::new(),
            emptied: BTreeSet::new(),
            last_group: None,
            found: InputTotals::default(),
        })
    }

    fn read(&mut self, path: &Path) -> anyhow::Result<()> {
        let file = File::open(path).context("cannot open the download")?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 18, file), LINE_BYTES_MAX);
        while let Some(line) = lines.next().context("cannot read the download")? {
            interrupt::check()?;
            if !line.is_blank() && !self.read_line(line.bytes)? {
                self.found.n_unknown += 1;
            }
        }
        Ok(())
    }

    /// Records the request of a line; returns false where it stands for nothing in this database.
    fn read_line(&mut self, line: &[u8]) -> anyhow::Result<bool> {
        let read = self.tx.read();
        let Some(line) = RequestLine::open(line) else { return Ok(false) };
        let Some((kind, wire)) = parse_custom_id(&line.custom_id) else { return Ok(false) };
        let Some(group) = read.group_key_on_wire(wire)? else { return Ok(false) };
        let Some(row) = read.group(group)? else { return Ok(false) };
        let Some((prompt, tokens)) = self.prompt_of(&line, kind)? else { return Ok(false) };
        if read.request_in_batch(self.key, group, kind)?.is_some() {
            return Ok(false);
        }
        let text_hash = match row.text_hash {
            Some(hash) if render_input(&row.group) == line.input => hash,
            // Another text was sent than stands here today: a hash that no text of ours has makes the answer stale.
            _ => Sha256::digest(&line.input)[..16].try_into().expect("SHA-256 has 32 bytes"),
        };
        let mut attempt = 1;
        for earlier in read.requests_for(group, kind, self.origin.is_sandbox)? {
            match earlier.state {
                RequestState::Planned => self.withdraw(&earlier)?,
                RequestState::Unusable | RequestState::Refused => attempt += 1,
                _ => {}
            }
        }
        // The same text is asked once, whichever group with it was.
        let of_copies = read.planned_for_text(text_hash, kind)?.into_iter();
        let (mine, other): (Vec<_>, Vec<_>) = of_copies
            .filter(|earlier| earlier.group != group)
            .chain(read.requests_for(group, kind, !self.origin.is_sandbox)?)
            .partition(|earlier| earlier.sandbox == self.origin.is_sandbox);
        for earlier in mine {
            self.withdraw(&earlier)?;
        }
        for earlier in other {
            // A plan that was never sent anywhere belongs to neither world yet.
            if let (RequestState::Planned, Some(part)) = (earlier.state, earlier.batch)
                && read.run(&read.batch(part)?.run)?.is_some_and(|run| run.origin.is_none())
            {
                self.withdraw(&earlier)?;
            }
        }
        self.tx.add_request(&NewRequest {
            group,
            kind,
            prompt,
            text_hash,
            run: self.run.clone(),
            batch: Some(self.key),
            sandbox: self.origin.is_sandbox,
            is_comparison: false,
            attempt,
            state: RequestState::Sent,
        })?;
        self.found.n_requests += 1;
        self.found.n_groups += u64::from(self.last_group.replace(group) != Some(group));
        self.found.tokens += tokens;
        Ok(true)
    }

    /// Withdraws a request that was only planned, unless it may be at the provider already.
    fn withdraw(&mut self, planned: &RequestRow) -> anyhow::Result<()> {
        let Some(part) = planned.batch else { return Ok(()) };
        if self.tx.read().batch(part)?.state != BatchState::Creating {
            self.tx.set_request_state(planned.key, RequestState::Withdrawn, Some("asked_elsewhere"))?;
            self.emptied.insert(part);
        }
        Ok(())
    }

    /// Returns the prompt of a line and the tokens of its input: one that is known here or would be made here today,
    /// else a new one.
    fn prompt_of(&mut self, line: &RequestLine, kind: Kind) -> anyhow::Result<Option<(PromptKey, u64)>> {
        let question = format!("{kind} {} {}", line.endpoint.path(), serde_json::to_string(&line.question)?);
        if !self.by_line.contains_key(&question) {
            let known = self.tx.read().prompts_of(kind)?.into_iter().find(|known| line.is_from(&known.prompt));
            let prompt = match known {
                Some(known) => Some(known),
                None if line.is_from(self.prompts.get(kind)) => {
                    let kept = self.prompts.keep(self.tx, &self.now)?;
                    Some(self.tx.read().prompt(kept.key(kind))?)
                }
                None => match line.ask(kind, self.prompts.get(kind).limit) {
                    Some(prompt) => Some(self.tx.keep_prompt(&prompt, None, &self.now)?),
                    None => None,
                },
            };
            self.by_line.insert(question.clone(), prompt.map(|stored| (stored.key, LineTemplate::new(&stored.prompt))));
        }
        Ok(self.by_line[&question].as_ref().map(|(key, template)| (*key, template.estimate_tokens(&line.input))))
    }

    /// Notes what the provider says of the batch.
    fn note(&self, now: &str) -> anyhow::Result<()> {
        self.tx.note_remote(
            self.key,
            self.origin.key,
            &FileId::new(self.batch.input_file_id.clone().unwrap_or_default()),
            &serde_json::to_string(&self.batch.metadata)?,
        )?;
        let seen = Seen {
            id: &BatchId::new(self.batch.id.clone()),
            status: self.batch.status.as_str(),
            found_by: None,
            observation: &look::observation(self.batch),
        };
        Part::<Planned>::of(&self.tx.read().batch(self.key)?)?.taken_over(self.tx, &seen, now)
    }

    fn finish(self) -> anyhow::Result<(BatchKey, InputTotals)> {
        let (tx, key) = (self.tx, self.key);
        let found = &self.found;
        if found.n_requests == 0 {
            return Err(anyhow!("batch `{}` asks about no group of this database", self.batch.id))
                .hint("`--db PATH` names another database");
        }
        let part = tx.read().batch(key)?;
        tx.set_part_size(
            key,
            &NewBatch {
                run: self.run.clone(),
                part: self.part,
                model: part.model,
                n_groups: found.n_groups,
                n_requests: found.n_requests,
                estimated_input_tokens: found.tokens,
                estimated_cost_usd: None,
            },
        )?;
        self.note(&self.now)?;
        for &emptied in &self.emptied {
            if tx.read().n_requests_in(emptied, RequestState::Planned)? == 0 {
                part::withdraw(tx, emptied, "asked_elsewhere")?;
            }
        }
        let sizes = tx.read().batches_of_run(&self.run)?;
        let live = sizes.iter().filter(|batch| !matches!(batch.state, BatchState::Replaced | BatchState::Withdrawn));
        let (groups, requests) = live.fold((0, 0), |(g, r), batch| (g + batch.n_groups, r + batch.n_requests));
        tx.set_run_size(&self.run, groups, requests)?;
        Ok((key, self.found))
    }
}
