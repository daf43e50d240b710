//! The second half of an import: what was laid ready is written in one transaction, table by table and each in the order of
//! its keys, where rows cost least. Nothing is read from files here, nothing parsed and nothing linked.

use anyhow::Context as _;

use super::answers::ImportReport;
use super::prepared::{Laid, Prepared};
use super::spool::Fields;
use crate::interrupt;
use crate::model::{EntityKey, Grounded, Grounding, Kind, LinkOutcome, Place, Usage};
use crate::store::{AnswerRow, AskedRow, BulkWriter, MentionRow, Provenance, RequestState, TopicRow, Tx};

/// Answers from which on the indexes of what they taught are made after the rows.
const MANY: u64 = 5_000;

impl Prepared {
    /// Writes everything down, and returns what was found. The account is not made up yet: what is in none of the files is
    /// for the caller to settle.
    pub fn write(mut self, tx: &Tx<'_>) -> anyhow::Result<ImportReport> {
        // No trigger does it. What is in none of the files is settled in the same transaction.
        tx.uncount(self.asked.rows().iter().map(|row| row.group))?;
        let trusted = tx.trust_values()?;
        self.write_answers(tx)?;
        self.write_learned(tx, Kind::Topic)?;
        self.write_learned(tx, Kind::Entity)?;
        drop(trusted);
        let mut record = vec![];
        for (batch, at, n_bytes) in std::mem::take(&mut self.foreign) {
            self.spool.get(at, n_bytes, &mut record).with_context(cannot_read)?;
            let mut fields = Fields(&record);
            let custom_id = fields.maybe(Fields::text)?;
            tx.set_aside(self.batches[batch].key, custom_id, fields.text()?)?;
        }
        Ok(self.report)
    }

    fn write_answers(&mut self, tx: &Tx<'_>) -> anyhow::Result<()> {
        let rows = self.asked.rows();
        let laid =
            |(place, laid): (usize, &Option<Laid>)| Some((place, (*laid)?)).filter(|(_, laid)| laid.n_answer > 0);
        let mut order: Vec<(usize, Laid)> = self.answers.iter().enumerate().filter_map(laid).collect();
        order.sort_unstable_by_key(|(place, _)| rows[*place].key);
        let mut writer = BulkWriter::new(tx)?;
        let mut record = vec![];
        for (place, laid) in order {
            interrupt::check()?;
            self.spool.get(laid.at, laid.n_answer as usize, &mut record).with_context(cannot_read)?;
            let mut fields = Fields(&record);
            let state = fields.text()?;
            let state = *RequestState::ALL.iter().find(|known| known.as_str() == state).context("a state")?;
            let reason = fields.maybe(Fields::text)?;
            writer.answer(rows[place].key, state, reason, &read_answer(&mut fields)?)?;
        }
        Ok(())
    }

    /// Writes what answers of one kind taught, group by group.
    fn write_learned(&mut self, tx: &Tx<'_>, kind: Kind) -> anyhow::Result<()> {
        let n_new = self.learned(kind).count() as u64;
        // Rows that are there already have to be indexed anew too.
        let put_off = match n_new >= MANY && n_new >= tx.read().n_answered(kind)? {
            true => Some(tx.put_off_indexes(if kind == Kind::Topic { "story_topics" } else { "story_entities" })?),
            false => None,
        };
        self.write_rows(tx, kind)?;
        put_off.map_or(Ok(()), |put_off| tx.make_indexes(&put_off))
    }

    fn learned(&self, kind: Kind) -> impl Iterator<Item = (&AskedRow, Laid)> {
        let rows = self.asked.rows().iter().zip(&self.answers);
        rows.filter_map(move |(row, laid)| Some((row, laid.filter(|laid| laid.n_learned > 0 && row.kind == kind)?)))
    }

    fn write_rows(&mut self, tx: &Tx<'_>, kind: Kind) -> anyhow::Result<()> {
        let mut writer = BulkWriter::new(tx)?;
        let mut record = vec![];
        for (row, laid) in self.asked.rows().iter().zip(&self.answers) {
            let Some(laid) = laid.filter(|laid| laid.n_learned > 0 && row.kind == kind) else { continue };
            if self.winners.get(&(row.group, kind)).is_some_and(|winner| *winner != row.key) {
                continue;
            }
            interrupt::check()?;
            let at = laid.at + u64::from(laid.n_answer);
            self.spool.get(at, laid.n_learned as usize, &mut record).with_context(cannot_read)?;
            let mut fields = Fields(&record);
            let source = source(row, self.batches[usize::from(row.batch)].key, fields.maybe_string()?);
            let n = fields.number()?;
            match kind {
                Kind::Topic => {
                    writer.topics(&source, row.sandbox, (0..n).map(|_| Ok(read_topic(&mut fields)?)))?;
                }
                Kind::Entity => {
                    writer.mentions(&source, row.sandbox, (0..n).map(|_| read_mention(&mut fields)))?;
                }
            }
        }
        Ok(())
    }
}

fn cannot_read() -> &'static str {
    "cannot read what was laid ready"
}

fn source(row: &AskedRow, batch: crate::model::BatchKey, extracted_at: Option<String>) -> Provenance {
    Provenance { group: row.group, request: row.key, prompt: row.prompt, batch: Some(batch), extracted_at }
}

fn read_answer(fields: &mut Fields<'_>) -> std::io::Result<AnswerRow> {
    Ok(AnswerRow {
        answered_at: fields.maybe_string()?,
        model: fields.maybe_string()?,
        response_id: fields.maybe_string()?,
        text: fields.maybe_string()?,
        raw: fields.maybe_string()?,
        message: fields.maybe_string()?,
        repaired: fields.number()? != 0,
        clamped: fields.number()?,
        usage: fields.maybe(|fields| {
            Ok(Usage {
                input_tokens: fields.number()?,
                cached_tokens: fields.number()?,
                cache_write_tokens: fields.number()?,
                output_tokens: fields.number()?,
                reasoning_tokens: fields.number()?,
            })
        })?,
        cost_usd: fields.maybe(Fields::real)?,
        sync_cost_usd: fields.maybe(Fields::real)?,
    })
}

fn read_topic<'r>(fields: &mut Fields<'r>) -> std::io::Result<TopicRow<'r>> {
    Ok(TopicRow {
        topic: fields.text()?,
        label: fields.text()?,
        merged_from: fields.maybe(Fields::text)?,
        confidence: fields.real()?,
        rank: fields.number()? as u32,
    })
}

fn read_mention<'r>(fields: &mut Fields<'r>) -> anyhow::Result<MentionRow<'r>> {
    Ok(MentionRow {
        entity_type: fields.text()?,
        text: fields.text()?,
        key: fields.text()?,
        hints: fields.maybe(Fields::text)?,
        entity: fields.maybe(Fields::number)?.map(|key| EntityKey(key as i64)),
        outcome: match fields.number()? {
            n if n == LinkOutcome::Linked as u64 => LinkOutcome::Linked,
            n if n == LinkOutcome::Ambiguous as u64 => LinkOutcome::Ambiguous,
            _ => LinkOutcome::Unknown,
        },
        method: fields.text()?,
        score: fields.real()?,
        confidence: fields.real()?,
        is_primary: fields.number()? != 0,
        rank: fields.number()? as u32,
        grounded: fields.maybe(read_grounded)?,
    })
}

fn read_grounded(fields: &mut Fields<'_>) -> std::io::Result<Grounded> {
    let grounding = fields.number()?;
    Ok(Grounded {
        grounding: Grounding::ALL.into_iter().find(|known| *known as u64 == grounding).unwrap_or(Grounding::Ungrounded),
        place: fields.maybe(|fields| {
            Ok(Place {
                story: fields.maybe(Fields::number)?.map(|story| story as u32),
                in_title: fields.number()? != 0,
                at: fields.number()? as u32,
                length: fields.number()? as u32,
            })
        })?,
    })
}
