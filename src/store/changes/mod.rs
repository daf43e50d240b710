//! Journal of what changed the database, and how it is taken back.
//!
//! A command that changes what people own (loads, decisions, edits of the catalog, merges) writes inside
//! [`Store::change`] in place of [`Store::write`]. The writers themselves know nothing of it: temporary triggers of
//! this connection keep every row as it was before ([`journal`]), so that a new writer, a cascade of SQLite or a
//! trigger of the schema is never forgotten. Rows that are added one after another are kept as a range of ids, since a
//! load of a million rows must not write a million lines more.
//!
//! Changes are taken back newest first ([`undo`]). Each remembers what it left, so that a row that another program
//! changed since is found and not overwritten.

mod journal;
mod undo;

use std::cell::Cell;

use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

pub use undo::Touched;

pub(super) use journal::register;

use super::{Read, Store, Tx};

/// A change that is being made. It may take several transactions.
#[derive(Debug)]
pub struct Change {
    command: &'static str,
    subject: Option<String>,
    at: String,
    /// True where it ends with its first transaction.
    is_one_step: bool,
    id: Cell<Option<i64>>,
}

impl Change {
    /// A change that one transaction makes. `command` is the command without what was typed after it.
    pub fn new(command: &'static str, subject: impl Into<String>, now: &str) -> Self {
        let subject = Some(subject.into()).filter(|subject: &String| !subject.is_empty());
        Self { command, subject, at: now.to_owned(), is_one_step: true, id: Cell::new(None) }
    }

    /// A change that takes as many transactions as it needs, until [`Store::finish_change`].
    pub fn of_many_steps(command: &'static str, subject: impl Into<String>, now: &str) -> Self {
        Self { is_one_step: false, ..Self::new(command, subject, now) }
    }

    /// Returns when it began.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Returns its id, once something was changed.
    pub fn id(&self) -> Option<i64> {
        self.id.get()
    }
}

/// The transaction of a change that is open.
#[derive(Debug)]
pub(super) struct Step<'a> {
    change: &'a Change,
    floors: journal::Floors,
}

/// Reversal of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HowUndone {
    /// The rows are put back.
    Rows,
    /// It made anew what follows from other tables, and needs no taking back.
    Derived,
    /// It is not.
    None,
}

/// A change as `history` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    /// A later one has a larger id.
    pub id: i64,
    /// When it began.
    pub at: String,
    /// The command that made it.
    pub command: String,
    pub subject: Option<String>,
    /// Reversal.
    pub undo: HowUndone,
    /// Rows by table and what became of them; `None`: the program was stopped in the middle of it.
    pub counts: Option<serde_json::Value>,
    /// When it was taken back.
    pub undone_at: Option<String>,
}

fn change_row(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    let counts: Option<String> = row.get(5)?;
    Ok(ChangeRow {
        id: row.get(0)?,
        at: row.get(1)?,
        command: row.get(2)?,
        subject: row.get(3)?,
        undo: match row.get_ref(4)?.as_str()? {
            "rows" => HowUndone::Rows,
            "derived" => HowUndone::Derived,
            _ => HowUndone::None,
        },
        counts: counts.and_then(|counts| serde_json::from_str(&counts).ok()),
        undone_at: row.get(6)?,
    })
}

impl Read<'_> {
    /// Returns what changed the database, the newest first, and how many changes there are.
    pub fn changes(self, limit: u64) -> anyhow::Result<(Vec<ChangeRow>, u64)> {
        let total: i64 = self.0.query_row("SELECT count(*) FROM changes", [], |row| row.get(0))?;
        let mut statement = self.0.prepare_cached(
            "SELECT id, at, command, subject, undo, counts, undone_at FROM changes ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], change_row)?;
        Ok((rows.collect::<Result<_, _>>()?, total as u64))
    }

    /// Returns a change.
    pub fn change(self, id: i64) -> anyhow::Result<Option<ChangeRow>> {
        let sql = "SELECT id, at, command, subject, undo, counts, undone_at FROM changes WHERE id = ?1";
        Ok(self.0.prepare_cached(sql)?.query_row([id], change_row).optional()?)
    }

    /// Returns the changes from this one on that hold, the newest first.
    pub fn changes_since(self, id: i64) -> anyhow::Result<Vec<ChangeRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, at, command, subject, undo, counts, undone_at FROM changes
             WHERE id >= ?1 AND undone_at IS NULL ORDER BY id DESC",
        )?;
        Ok(statement.query_map([id], change_row)?.collect::<Result<_, _>>()?)
    }

    /// Returns the newest change that holds and is not merely derived.
    pub fn last_change(self) -> anyhow::Result<Option<ChangeRow>> {
        let sql = "SELECT id, at, command, subject, undo, counts, undone_at FROM changes
                   WHERE undone_at IS NULL AND undo <> 'derived' ORDER BY id DESC LIMIT 1";
        Ok(self.0.prepare_cached(sql)?.query_row([], change_row).optional()?)
    }
}

impl Read<'_> {
    /// Returns what stands in the database of a demo that the demo did not put there, in words.
    pub fn beside_the_demo(self) -> anyhow::Result<Vec<String>> {
        let mut found = vec![];
        let mut statement = self.0.prepare(
            "SELECT command || coalesce(' ' || subject, '') FROM changes
             WHERE undone_at IS NULL AND command NOT IN ('demo', 'import', 'rehearsal forget') ORDER BY id DESC",
        )?;
        found.extend(statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?);
        let mut statement = self.0.prepare(
            "SELECT DISTINCT 'answers of ' || o.base_url FROM origins o WHERE o.is_sandbox = 0
               AND (EXISTS (SELECT 1 FROM runs r WHERE r.origin_id = o.id)
                    OR EXISTS (SELECT 1 FROM batches b WHERE b.origin_id = o.id))",
        )?;
        found.extend(statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?);
        let n_changes: i64 = self.0.query_row("SELECT count(*) FROM changes", [], |row| row.get(0))?;
        // An older gleaner listed no changes, and other programs list none.
        for (what, sql) in [
            ("edited group", "SELECT count(*) FROM story_groups WHERE changed_at <> loaded_at"),
            ("edited entity", "SELECT count(*) FROM entities WHERE changed_at <> loaded_at"),
            ("decision", "SELECT count(*) FROM mention_decisions WHERE ?1 = 0"),
            ("topic decision", "SELECT count(*) FROM topic_decisions WHERE ?1 = 0"),
            (
                "sample that was judged",
                "SELECT count(*) FROM audits a WHERE ?1 = 0
                 AND EXISTS (SELECT 1 FROM audit_items i WHERE i.audit_id = a.id AND i.verdict IS NOT NULL)",
            ),
        ] {
            let n: i64 = match sql.contains("?1") {
                true => self.0.query_row(sql, [n_changes], |row| row.get(0))?,
                false => self.0.query_row(sql, [], |row| row.get(0))?,
            };
            if n > 0 {
                found.push(crate::text::words::count(n as u64, what));
            }
        }
        Ok(found)
    }
}

impl Store {
    /// Begins a transaction whose changes are kept in `history` and can be taken back. A change that changed no row
    /// leaves no trace.
    pub fn change<'a>(&'a mut self, change: &'a Change) -> anyhow::Result<Tx<'a>> {
        let tx = self.change_by_adding(change)?;
        tx.keep_rows()?;
        Ok(tx)
    }

    /// Like [`Store::change`], before any row is kept: until [`Tx::keep_rows`] rows may be added, and nothing else may be
    /// done.
    pub(super) fn change_by_adding<'a>(&'a mut self, change: &'a Change) -> anyhow::Result<Tx<'a>> {
        let mut tx = self.write()?;
        let known = match change.id.get() {
            Some(id) => tx.read().change(id)?.map(|row| row.id),
            None => None,
        };
        let id = match known {
            Some(id) => id,
            None => tx
                .prepare_cached(
                    "INSERT INTO changes (at, command, subject, undo) VALUES (?1, ?2, ?3, 'rows') RETURNING id",
                )?
                .query_row(params![change.at, change.command, change.subject], |row| row.get(0))?,
        };
        change.id.set(Some(id));
        tx.1 = Some(Step { change, floors: journal::floors(&tx, id)? });
        Ok(tx)
    }

    /// Ends a change of many steps: counts what it came to.
    pub fn finish_change(&mut self, change: &Change) -> anyhow::Result<()> {
        let Some(id) = change.id.get() else { return Ok(()) };
        let tx = self.write()?;
        journal::finish(&tx, id)?;
        tx.commit()
    }
}

impl Tx<'_> {
    /// Begins to keep the rows that are changed or removed.
    pub(super) fn keep_rows(&self) -> anyhow::Result<()> {
        let Some(Step { change, floors }) = &self.1 else { return Ok(()) };
        change.id.get().map_or(Ok(()), |id| journal::begin(self, id, floors))
    }

    /// Ends what [`Store::change`] began, before the transaction is committed.
    pub(super) fn end_change(&self) -> anyhow::Result<()> {
        let Some(Step { change, floors }) = &self.1 else { return Ok(()) };
        let Some(id) = change.id.get() else { return Ok(()) };
        let is_something = journal::end(self, id, floors)?;
        if !is_something {
            self.prepare_cached("DELETE FROM changes WHERE id = ?1")?.execute([id])?;
            change.id.set(None);
        } else if change.is_one_step {
            journal::finish(self, id)?;
        }
        Ok(())
    }

    /// Lists something in `history` that is not taken back row by row: an import, or links made anew. Where the last
    /// entry is of the same command and subject, its counts grow.
    pub fn note_change(
        &self,
        command: &str,
        subject: &str,
        undo: HowUndone,
        counts: &[(&str, u64)],
        now: &str,
    ) -> anyhow::Result<()> {
        let last = self.read().changes(1)?.0.pop().filter(|last| {
            last.command == command && last.subject.as_deref() == Some(subject) && last.undone_at.is_none()
        });
        let before = |name: &str| match &last {
            Some(last) => last.counts.as_ref().and_then(|counts| counts[name].as_u64()).unwrap_or(0),
            None => 0,
        };
        let all: serde_json::Map<String, serde_json::Value> =
            counts.iter().map(|(name, n)| ((*name).to_owned(), (before(name) + n).into())).collect();
        let counts = serde_json::Value::Object(all).to_string();
        let undo = if undo == HowUndone::Derived { "derived" } else { "none" };
        match &last {
            Some(last) => self
                .prepare_cached("UPDATE changes SET counts = ?2 WHERE id = ?1")?
                .execute(params![last.id, counts])?,
            None => self
                .prepare_cached("INSERT INTO changes (at, command, subject, undo, counts) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![now, command, subject, undo, counts])?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
