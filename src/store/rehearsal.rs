//! Rehearsals stay apart: what a sandbox answered counts for those who read only while there is no real answer.
//!
//! One place decides it for every question. Where it is to be left out, views of this connection alone stand before the
//! tables of what was learned, so that whatever is asked sees the rest; they are taken away while something is written.

use serde::Serialize;

use super::{HowUndone, Read, Store, Tx};

/// Rows of what was learned that a connection leaves out of all it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Rows that a sandbox answered.
    rehearsals: bool,
    /// Mentions that stand nowhere in the stories, and the topics of groups of whose mentions none does.
    ungrounded: bool,
    /// Groups whose stories another group has too, or nearly so.
    copies: bool,
}

impl Hidden {
    fn is_something(self) -> bool {
        self != Hidden::default()
    }

    /// Returns the statements that make views of one connection, which stand before the tables of the same name.
    fn views(self) -> String {
        let conditions = |ungrounded: &str| {
            let rehearsals = if self.rehearsals { "sandbox = 0" } else { "true" };
            let copies = match self.copies {
                true => "story_group_id NOT IN (SELECT story_group_id FROM temp.copied_groups)",
                false => "true",
            };
            format!("{rehearsals} AND {copies} AND {}", if self.ungrounded { ungrounded } else { "true" })
        };
        let mut views = format!(
            "CREATE TEMP VIEW IF NOT EXISTS story_entities AS SELECT * FROM main.story_entities WHERE {};
             CREATE TEMP VIEW IF NOT EXISTS story_topics AS SELECT * FROM main.story_topics WHERE {};",
            conditions("grounding IS NOT 'ungrounded'"),
            conditions(
                "story_group_id NOT IN (SELECT story_group_id FROM main.story_entities GROUP BY 1
                                        HAVING sum(grounding IS NOT 'ungrounded') = 0)"
            ),
        );
        if self.rehearsals {
            views += "CREATE TEMP VIEW IF NOT EXISTS current_answers AS
                SELECT c.* FROM main.current_answers c JOIN main.requests r ON r.id = c.request_id WHERE r.sandbox = 0;";
        }
        if self.copies {
            views += "CREATE TEMP VIEW IF NOT EXISTS story_groups AS
                SELECT * FROM main.story_groups WHERE id NOT IN (SELECT story_group_id FROM temp.copied_groups);";
        }
        views
    }
}

const NO_VIEWS: &str = "
    DROP VIEW IF EXISTS temp.story_groups;
    DROP VIEW IF EXISTS temp.story_topics; DROP VIEW IF EXISTS temp.story_entities;
    DROP VIEW IF EXISTS temp.current_answers;";

/// Counts of what a sandbox answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rehearsed {
    /// Groups whose topics or entities come from a sandbox.
    pub groups: u64,
    /// True where any group's topics or entities come from a real answer.
    pub has_real: bool,
}

/// Counts of what `rehearsal forget` removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Groups that lose topics or entities.
    pub groups: u64,
    /// Requests, with their answers.
    pub requests: u64,
    /// Batches.
    pub batches: u64,
}

impl Read<'_> {
    /// Returns how many groups know what they know from a sandbox, and whether there is any real answer. Where no sandbox was
    /// ever asked that is one look.
    pub fn rehearsed(self) -> anyhow::Result<Rehearsed> {
        let is_rehearsed: bool =
            self.0.query_row("SELECT EXISTS (SELECT 1 FROM origins WHERE is_sandbox = 1)", [], |row| row.get(0))?;
        if !is_rehearsed {
            return Ok(Rehearsed::default());
        }
        let n: i64 = self.0.query_row(
            "SELECT count(DISTINCT c.story_group_id) FROM main.current_answers c
             JOIN main.requests r ON r.id = c.request_id WHERE r.sandbox = 1",
            [],
            |row| row.get(0),
        )?;
        let has_real = self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM main.current_answers c
                            JOIN main.requests r ON r.id = c.request_id WHERE r.sandbox = 0)",
            [],
            |row| row.get(0),
        )?;
        Ok(Rehearsed { groups: n.max(0) as u64, has_real })
    }
}

impl Store {
    /// Leaves what a sandbox answered out of everything that is asked of this connection from now on.
    pub fn leave_rehearsals_out(&mut self) -> anyhow::Result<()> {
        self.hide(Hidden { rehearsals: true, ..self.hidden })
    }

    /// Returns whether what a sandbox answered is left out of what is asked.
    pub fn leaves_rehearsals_out(&self) -> bool {
        self.hidden.rehearsals
    }

    /// Leaves out mentions that stand nowhere in the stories, and topics of groups of whose mentions none does.
    pub fn leave_ungrounded_out(&mut self) -> anyhow::Result<()> {
        self.hide(Hidden { ungrounded: true, ..self.hidden })
    }

    /// Leaves out the groups all of whose stories another group has too, or nearly so; returns how many they are. Near
    /// copies must be known.
    pub fn leave_copies_out(&mut self) -> anyhow::Result<u64> {
        self.hide(Hidden { copies: true, ..self.hidden })?;
        let n: i64 = self.connection.query_row("SELECT count(*) FROM temp.copied_groups", [], |row| row.get(0))?;
        Ok(n as u64)
    }

    fn list_copies(&self) -> anyhow::Result<()> {
        let copied = self.read().copied_groups()?;
        self.connection.execute_batch(
            "DROP TABLE IF EXISTS temp.copied_groups;
             CREATE TEMP TABLE copied_groups (story_group_id INTEGER PRIMARY KEY)",
        )?;
        let mut insert = self.connection.prepare("INSERT INTO temp.copied_groups VALUES (?1)")?;
        for (copied, _) in &copied {
            insert.execute([copied])?;
        }
        Ok(())
    }

    /// Leaves out what another connection leaves out.
    pub(super) fn hide(&mut self, hidden: Hidden) -> anyhow::Result<()> {
        self.connection.execute_batch(NO_VIEWS)?;
        if hidden.copies {
            self.list_copies()?;
        }
        self.hidden = hidden;
        if hidden.is_something() {
            self.connection.execute_batch(&hidden.views())?;
        }
        Ok(())
    }

    /// Lets a transaction see everything: who writes must know what stands there.
    pub(super) fn show_hidden(&self) -> anyhow::Result<()> {
        if self.hidden.is_something() {
            self.connection.execute_batch(NO_VIEWS)?;
        }
        Ok(())
    }

    /// Leaves it out again, after something was written.
    pub(super) fn hide_again(&self) {
        if self.hidden.is_something() {
            // Inside of a transaction there is nothing to hide, and it fails; the next look does it.
            let _ = self.connection.execute_batch(&self.hidden.views());
        }
    }
}

impl Tx<'_> {
    /// Removes all that a sandbox answered, what was learned from it, and what is still asked there. The runs stay: their
    /// request files lie beside the database.
    pub fn forget_rehearsals(&self, now: &str) -> anyhow::Result<Forgotten> {
        let n = |sql: &str| self.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|n| n.max(0) as u64);
        let forgotten = Forgotten {
            groups: self.read().rehearsed()?.groups,
            requests: n("SELECT count(*) FROM requests WHERE sandbox = 1")?,
            batches: n(
                "SELECT count(*) FROM batches WHERE origin_id IN (SELECT id FROM origins WHERE is_sandbox = 1)",
            )?,
        };
        self.execute_batch(
            "DELETE FROM story_topics WHERE sandbox = 1;
             DELETE FROM story_entities WHERE sandbox = 1;
             DELETE FROM current_answers WHERE request_id IN (SELECT id FROM requests WHERE sandbox = 1);
             DELETE FROM answers WHERE request_id IN (SELECT id FROM requests WHERE sandbox = 1);
             DELETE FROM requests WHERE sandbox = 1;
             DELETE FROM foreign_lines WHERE batch_id IN (SELECT id FROM batches
                 WHERE origin_id IN (SELECT id FROM origins WHERE is_sandbox = 1));
             DELETE FROM batches WHERE origin_id IN (SELECT id FROM origins WHERE is_sandbox = 1)
                 AND id NOT IN (SELECT batch_id FROM requests WHERE batch_id IS NOT NULL);
             DELETE FROM queue_limits WHERE origin_id IN (SELECT id FROM origins WHERE is_sandbox = 1);",
        )?;
        if forgotten != Forgotten::default() {
            let Forgotten { groups, requests, batches } = forgotten;
            let counts = [("requests", requests), ("batches", batches), ("groups", groups)];
            self.note_change("rehearsal forget", "", HowUndone::None, &counts, now)?;
        }
        Ok(forgotten)
    }
}
