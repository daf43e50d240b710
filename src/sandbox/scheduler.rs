//! The scheduler of batches: validates them in turn, puts a thread behind each, and makes their files when they end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;

use serde_json::Value;

use super::batch::End;
use super::check::{self, Input};
use super::lines;
use super::request_body::Endpoint;
use super::script::{Ends, Rest, Script};
use super::shared::{Shared, State};
use super::work::{Job, Mark, Validation, Work};

impl Shared {
    /// Validates batches one after the other, in the order in which they were made, so that the queue limit always
    /// hits the same one; each is then worked on by a thread of its own.
    pub(crate) fn check_batches(self: &Arc<Shared>, checks: &Receiver<String>) {
        for id in checks {
            if self.is_stopping() {
                return;
            }
            if let Err(error) = self.check_batch(&id) {
                let errors = vec![check::error("server_error", &error.to_string(), None, None)];
                if let Some(batch) = self.state().batch(&id) {
                    batch.work.update(|progress| progress.validation = Some(Validation::Rejected(errors)));
                    batch.work.finish();
                }
            }
        }
    }

    fn check_batch(self: &Arc<Shared>, id: &str) -> io::Result<()> {
        let mut state = self.state();
        let Some(batch) = state.batch(id) else { return Ok(()) };
        let (work, script, created_at) = (Arc::clone(&batch.work), Arc::clone(&batch.script), batch.created_at);
        let fails = batch.rule().ends == Some(Ends::Failed);
        let (endpoint, input_file_id) = (batch.order.endpoint.clone(), batch.order.input_file_id.clone());
        let input_path = state.file(&input_file_id).map(|file| file.path.clone());
        drop(state);
        let input_path = input_path.ok_or_else(|| io::Error::other("the input file is gone"))?;
        let mut file = BufReader::new(File::open(&input_path)?);
        let checked = check::check(&mut file, &endpoint, &script)?;
        let checked = checked.and_then(|input| self.check_queue(id, &script, input));
        let checked = if fails { Err(vec![]) } else { checked };
        if work.lock().stopped {
            work.finish();
            return Ok(());
        }
        let mut input = match checked {
            Ok(input) => input,
            Err(errors) => {
                work.update(|progress| progress.validation = Some(Validation::Rejected(errors)));
                work.finish();
                return Ok(());
            }
        };
        self.note_purchase(id, &mut input);
        work.update(|progress| {
            progress.validation = Some(Validation::Accepted {
                n_requests: input.lines.len() as u64,
                model: input.model.clone(),
                tokens: input.tokens,
            });
        });
        let shared = Arc::clone(self);
        let (output_path, error_path) = self.result_paths(id);
        let tag = id.trim_start_matches("batch_").to_owned();
        let seed = script.seed + 1;
        thread::spawn(move || {
            let endpoint = Endpoint::parse(&endpoint).unwrap_or(Endpoint::Responses);
            let reader = &shared.reader;
            let job = Job {
                input_path: &input_path,
                output_path,
                error_path,
                endpoint,
                script: &script,
                reader,
                tag,
                seed,
                created_at,
            };
            // A failure here (a full disk) leaves lines missing, which is what clients must be able to tell.
            let _ = work.run(&job, &input);
            work.finish();
        });
        Ok(())
    }

    /// Turns a batch down whose tokens do not fit beside those of the open ones.
    fn check_queue(&self, id: &str, script: &Script, input: Input) -> Result<Input, Vec<Value>> {
        let limits = &script.limits.enqueued_tokens;
        let Some(limit) = limits.get(&input.model).or_else(|| limits.get("*")) else { return Ok(input) };
        let mut state = self.state();
        for at in 0..state.batches.len() {
            self.advance(&mut state, at);
        }
        let open = state.batches.iter().filter(|batch| batch.id != id && batch.is_open());
        let enqueued: u64 = open
            .map(|batch| match &batch.work.lock().validation {
                Some(Validation::Accepted { model, tokens, .. }) if *model == input.model => *tokens,
                _ => 0,
            })
            .sum();
        if enqueued + input.tokens <= *limit {
            return Ok(input);
        }
        let message = format!(
            "Enqueued token limit reached for {} in organization org-sandbox. Limit: {} enqueued tokens. Please try again \
             once some in_progress batches have been completed.",
            input.model,
            with_commas(*limit)
        );
        Err(vec![check::error("token_limit_exceeded", &message, None, None)])
    }

    fn note_purchase(&self, id: &str, input: &mut Input) {
        let mut journal = self.journal();
        if let Some(purchase) = journal.batches.iter_mut().find(|purchase| purchase.batch_id == id) {
            purchase.accepted = true;
            purchase.n_requests = input.lines.len() as u64;
        }
        for line in &mut input.lines {
            let times = journal.asked.entry(line.custom_id.to_string()).or_insert(0);
            *times += 1;
            line.attempt = *times;
        }
    }

    /// Ends the work of a batch and makes its files.
    pub(crate) fn close(&self, state: &mut State, at: usize, ends: Ends, n_done: usize) -> io::Result<End> {
        let batch = &state.batches[at];
        let (id, work, rule) = (batch.id.clone(), Arc::clone(&batch.work), batch.rule().clone());
        let errors = (ends == Ends::Failed).then(|| batch.errors());
        if ends == Ends::Failed || (ends == Ends::Cancelled && batch.was_cancelled_early()) {
            work.stop();
            return Ok(End { errors, ..End::default() });
        }
        work.stop();
        work.wait(|progress| progress.finished);
        let (mark, n_requests, rest) = {
            let progress = work.lock();
            let rest = progress.order.get(n_done..).unwrap_or_default().to_vec();
            (progress.mark(n_done), progress.order.len() as u64, rest)
        };
        self.bill(&work, n_done);
        let (output_path, error_path) = self.result_paths(&id);
        cut(&output_path, mark.output_bytes)?;
        cut(&error_path, mark.error_bytes)?;
        if rule.rest == Rest::Lines && ends != Ends::Completed {
            let (code, message) = match ends {
                Ends::Expired => ("batch_expired", lines::EXPIRED),
                _ => ("batch_cancelled", lines::CANCELLED),
            };
            let mut error_file = OpenOptions::new().append(true).open(&error_path)?;
            for custom_id in &rest {
                writeln!(error_file, "{}", lines::never_ran_line(custom_id, &self.unique(), code, message))?;
            }
        }
        for (path, canned) in [(&output_path, &rule.output_file), (&error_path, &rule.error_file)] {
            if let Some(canned) = canned {
                fs::copy(canned, path)?;
            }
            if rule.no_final_newline {
                cut(path, fs::metadata(path)?.len().saturating_sub(1))?;
            }
        }
        let mut ids = vec![];
        for (path, name, keep_empty) in [(output_path, "output", false), (error_path, "error", rule.empty_error_file)] {
            let is_empty = fs::metadata(&path)?.len() == 0;
            ids.push(if is_empty && !keep_empty {
                None
            } else {
                Some(self.add_file(state, path, &format!("{id}_{name}.jsonl"), "batch_output")?)
            });
        }
        let error_file_id = ids.pop().flatten();
        let output_file_id = ids.pop().flatten();
        if let (Some(short), Some(file)) = (rule.short, output_file_id.as_deref().and_then(|id| state.file(id))) {
            file.short = Some((bytes_of_last_lines(&file.path, short.lines)?, short.reads));
        }
        Ok(End { output_file_id, error_file_id, mark, n_requests, errors })
    }

    /// Notes in the journal which requests cost money.
    fn bill(&self, work: &Work, n_done: usize) {
        let progress = work.lock();
        let mut journal = self.journal();
        let mut before = Mark::default();
        for (custom_id, mark) in progress.order.iter().zip(&progress.marks).take(n_done) {
            if mark.tokens != before.tokens {
                *journal.billed.entry(custom_id.to_string()).or_insert(0) += 1;
            }
            before = *mark;
        }
    }

    fn result_paths(&self, batch_id: &str) -> (PathBuf, PathBuf) {
        (self.dir.join(format!("{batch_id}_output.jsonl")), self.dir.join(format!("{batch_id}_error.jsonl")))
    }
}

fn cut(path: &Path, n_bytes: u64) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)?.set_len(n_bytes)
}

/// Returns how many bytes the last lines of a file have.
pub(crate) fn bytes_of_last_lines(path: &Path, n_lines: u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let n_bytes = file.metadata()?.len();
    let mut tail = vec![];
    // Far more than a few lines of answers.
    let from = n_bytes.saturating_sub(n_lines.saturating_mul(64 * 1024));
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut tail)?;
    let ends: Vec<usize> = tail.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    let keep = usize::try_from(n_lines).unwrap_or(usize::MAX).saturating_add(1);
    let start = ends.len().checked_sub(keep).map_or(0, |at| ends[at] + 1);
    Ok((tail.len() - start) as u64)
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_provider_does() {
        for (number, text) in [(1, "1"), (999, "999"), (1000, "1,000"), (2_000_000, "2,000,000")] {
            assert_eq!(with_commas(number), text);
        }
    }
}
