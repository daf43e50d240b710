//! State of the whole collection: counts that are kept, added up, and what changed since counted again.

use std::time::Duration;

use rusqlite::MAIN_DB;

use super::counts::{Bucket, Counts, Kept, Sum};
use super::{Read, Store};
use crate::model::PromptKey;

/// A smaller collection is counted in no time, and nothing is written for it.
const GROUPS_MIN: u64 = 5_000;

/// State of the whole collection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Counts of all groups.
    pub counts: Counts,
    /// Rows of the catalog.
    pub n_entities: u64,
    /// Active groups with the text of another one.
    pub n_copies: u64,
}

/// Totals with what had to be counted for them.
struct Counted {
    totals: Totals,
    /// Rows of `_counts` that were missing.
    missing: Vec<(Bucket, Kept)>,
}

impl Store {
    /// Returns where the collection stands; `current` are the prompts that would be sent today.
    pub fn totals(&mut self, current: &[PromptKey]) -> anyhow::Result<Totals> {
        self.totals_from(current, GROUPS_MIN)
    }

    /// Counts a large collection ahead of whoever asks for its totals next.
    pub fn count_ahead(&mut self, current: &[PromptKey]) -> anyhow::Result<()> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM main.story_groups LIMIT ?1)";
        let n_groups: u64 = self.connection.query_row(sql, [GROUPS_MIN as i64], |row| row.get::<_, i64>(0))? as u64;
        if n_groups >= GROUPS_MIN {
            self.totals(current)?;
        }
        Ok(())
    }

    pub(super) fn totals_from(&mut self, current: &[PromptKey], groups_min: u64) -> anyhow::Result<Totals> {
        let snapshot = self.snapshot()?;
        // Nobody commits while the snapshot is held, so the version is that of what is counted.
        let version = snapshot.read().data_version()?;
        let Counted { totals, missing } = snapshot.read().count_totals(current)?;
        drop(snapshot);
        if !missing.is_empty() && totals.counts.groups.total >= groups_min {
            self.keep_missing(version, &missing);
        }
        Ok(totals)
    }

    /// Keeps what was counted, if nobody has written since. Where it cannot be written now it is counted again the next
    /// time.
    fn keep_missing(&mut self, version: i64, missing: &[(Bucket, Kept)]) {
        if self.connection.is_readonly(MAIN_DB).unwrap_or(true) {
            return;
        }
        let _ = self.connection.busy_timeout(Duration::ZERO);
        // Nothing else is made anew in this transaction: that could change what was counted.
        let kept = self.begin().and_then(|tx| {
            if tx.read().data_version()? == version {
                tx.keep_counts(missing)?;
                tx.commit()?;
            }
            Ok(())
        });
        drop(kept);
        let _ = self.connection.busy_timeout(self.busy_timeout);
    }
}

impl Read<'_> {
    fn count_totals(self, current: &[PromptKey]) -> anyhow::Result<Counted> {
        let prompts = current.iter().map(|prompt| prompt.0.to_string()).collect::<Vec<_>>().join(",");
        let (mut totals, mut missing) = (Totals { n_entities: self.n_entities()?, ..Totals::default() }, vec![]);
        let has_shared = self.has_shared()?;
        let (kept, mut sum) = (self.kept_counts()?, Sum::default());
        sum.add(&self.count_forgotten()?);
        for bucket in self.buckets()? {
            let counts = match kept.get(&bucket).and_then(|kept| kept.counts(&prompts)) {
                Some(counts) => counts,
                None => {
                    let counts = self.count_bucket(bucket, current, has_shared)?;
                    missing.push((bucket, Kept::new(&counts, &prompts)));
                    counts
                }
            };
            sum.add(&counts);
        }
        totals.counts = sum.counts();
        let n_copies = kept.get(&Bucket::COPIES).and_then(|kept| kept.numbers.parse().ok());
        totals.n_copies = match n_copies {
            Some(n) => n,
            None => {
                let n = self.n_copies()?;
                missing.push((Bucket::COPIES, Kept { prompts: None, numbers: n.to_string() }));
                n
            }
        };
        Ok(Counted { totals, missing })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::model::{Group, GroupId, GroupKey, Kind, RunId, Story};
    use crate::store::explore::testing;
    use crate::store::ledger::{LedgerProgress, Progress, Spend};
    use crate::store::{Change, NewRequest, RequestState, TextHashes};

    const CURRENT: [PromptKey; 2] = [PromptKey(1), PromptKey(2)];

    fn store_at(path: &Path) -> Store {
        testing::store().connection.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
        Store::open(path).unwrap()
    }

    fn n_kept(store: &Store) -> i64 {
        store.connection.query_row("SELECT count(*) FROM _counts", [], |row| row.get(0)).unwrap()
    }

    /// Counts everything, whatever is kept.
    fn counted_anew(store: &mut Store) -> Totals {
        let tx = store.begin().unwrap();
        tx.uncount_all().unwrap();
        let totals = tx.read().count_totals(&CURRENT).unwrap().totals;
        drop(tx);
        totals
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        let mut n = 0;
        let mut next = || {
            n += 1;
            n
        };
        let mut part = || LedgerProgress {
            groups_done: next(),
            usable: next(),
            missing: u64::MAX,
            spend: Spend { cost_usd: 0.1 + 0.2, saved_usd: 1e-300, n_unpriced: next(), ..Spend::default() },
            ..LedgerProgress::default()
        };
        let progress = Progress { real: part(), sandbox: part() };
        let counts = Counts { progress, topics: 7, n_too_large: 9, ..Counts::default() };
        let kept = Kept::new(&counts, "1,2");
        assert_eq!(kept.counts("1,2"), Some(counts));
        assert_eq!(kept.counts("1,3"), None, "of other prompts nothing is kept");
        assert_eq!(Kept::new(&Counts { topics: 1, ..Counts::default() }, "1").prompts, None);
        for wrong in ["", "[]", "[1,2]", "{}", "[-1]"] {
            assert_eq!(Kept { prompts: None, numbers: wrong.to_owned() }.counts("1"), None, "{wrong}");
        }
    }

    #[test]
    fn a_small_collection_is_not_kept_and_what_is_kept_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store_at(&folder.path().join("t.db"));
        let counted = store.totals_from(&CURRENT, u64::MAX).unwrap();
        assert_eq!(n_kept(&store), 0);
        assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), counted);
        assert_eq!(n_kept(&store), 2);
        // A number that only what is kept can tell.
        store.connection.execute("UPDATE _counts SET numbers = '77' WHERE bucket > 0", []).unwrap();
        assert_eq!(store.totals_from(&CURRENT, 0).unwrap().n_copies, 77);
        assert_eq!(store.read().n_wrong_counts().unwrap(), 1);
        store.connection.execute("UPDATE _counts SET numbers = 'x' WHERE bucket > 0", []).unwrap();
        assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), counted);
        // As many as an earlier version counted.
        let earlier = serde_json::json!(vec![0; 58]).to_string();
        store.connection.execute("UPDATE _counts SET numbers = ?1", [&earlier]).unwrap();
        store.connection.execute("DELETE FROM _counts WHERE bucket > 0", []).unwrap();
        assert_eq!(store.read().n_wrong_counts().unwrap(), 0);
        assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), counted);
    }

    /// The next one who asks gets what a count of everything gives, whoever wrote whatever.
    #[test]
    fn counts_follow_every_change_of_what_they_count() {
        let group = "INSERT INTO story_groups (id, external_id, text_hash) VALUES";
        let request = "INSERT INTO requests (id, story_group_id, kind, prompt_id, text_hash, run_id, state) VALUES";
        let hash = "x'01010101010101010101010101010101'";
        for edit in [
            format!("{group} (300, 'new', NULL), (-1, 'odd', {hash}), (-700, 'odder', {hash})"),
            format!("UPDATE story_groups SET text_hash = {hash}"),
            "UPDATE story_groups SET status = 'x' WHERE id = 1".into(),
            "UPDATE story_groups SET id = 1000 WHERE id = 1".into(),
            "DELETE FROM story_groups WHERE id = 2".into(),
            "INSERT INTO stories (story_group_id, ordinal, text) VALUES (1, 9, 'x')".into(),
            "UPDATE stories SET story_group_id = 600 WHERE id = 1".into(),
            "DELETE FROM stories WHERE id = 1".into(),
            format!("{request} (900, 1, 'topic', 1, zeroblob(16), 'run-1', 'planned')"),
            format!("{request} (900, 1, 'topic', 1, zeroblob(16), 'run-1', 'failed')"),
            "UPDATE requests SET state = 'sent'".into(),
            "UPDATE requests SET state = 'failed', reason = 'model_gone' WHERE id = 1".into(),
            "UPDATE requests SET state = 'withdrawn', reason = 'too_large' WHERE id = 1".into(),
            "UPDATE requests SET kind = 'entity', story_group_id = NULL WHERE id = 1".into(),
            "UPDATE requests SET prompt_id = 7".into(),
            "UPDATE requests SET text_hash = (SELECT text_hash FROM story_groups WHERE id = story_group_id)".into(),
            "UPDATE requests SET sandbox = 1".into(),
            "UPDATE requests SET is_comparison = 1 WHERE id = 2".into(),
            "DELETE FROM requests WHERE id = 1".into(),
            "DELETE FROM answers".into(),
            "INSERT INTO answers (request_id, input_tokens, cost_usd) SELECT id, 5, 0.5 FROM requests
             WHERE id NOT IN (SELECT request_id FROM answers)".into(),
            "UPDATE answers SET output_tokens = 7, cost_usd = NULL".into(),
            "UPDATE answers SET request_id = request_id + 500".into(),
            "UPDATE current_answers SET is_shared = 1".into(),
            "UPDATE current_answers SET is_shared = 1; UPDATE requests SET sandbox = 1 WHERE id = 2".into(),
            "UPDATE current_answers SET is_shared = 1; DELETE FROM current_answers WHERE story_group_id = 1".into(),
            "DELETE FROM current_answers; INSERT INTO current_answers VALUES (3, 'topic', 1, 1), (3, 'entity', 2, 1)".into(),
            "UPDATE OR REPLACE current_answers SET is_shared = 1, story_group_id = 3".into(),
            "INSERT INTO story_topics (story_group_id, topic, label, confidence, rank, prompt_id) VALUES (3, 'x', 'x', 1, 1, 1)".into(),
            "UPDATE OR IGNORE story_topics SET story_group_id = 900".into(),
            "DELETE FROM story_topics WHERE story_group_id = 1".into(),
            "UPDATE story_entities SET entity_id = NULL".into(),
            "UPDATE story_entities SET grounding = 'fuzzy' WHERE ordinal = 1".into(),
            "UPDATE OR REPLACE story_entities SET story_group_id = 3 WHERE ordinal = 1".into(),
            "DELETE FROM story_entities WHERE story_group_id = 1".into(),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("t.db");
            let mut store = store_at(&path);
            let other = Connection::open(&path).unwrap();
            let prepare = format!(
                "PRAGMA foreign_keys = OFF; {group} (600, 'g600', {hash}), (900, 'g900', NULL);
                 INSERT INTO answers (request_id, input_tokens, cost_usd) SELECT id, 5, 0.5 FROM requests WHERE id > 1"
            );
            other.execute_batch(&prepare).unwrap();
            store.totals_from(&CURRENT, 0).unwrap();
            assert_eq!(n_kept(&store), 4, "{edit}");
            other.execute_batch(&edit).unwrap();
            assert!(n_kept(&store) < 4, "{edit}");
            let expected = counted_anew(&mut store);
            assert_eq!(store.read().n_wrong_counts().unwrap(), 0, "{edit}");
            assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), expected, "{edit}");
            assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), expected, "{edit}");
        }
    }

    #[test]
    fn writers_that_do_without_triggers_leave_no_wrong_count() {
        let groups = |ids: std::ops::Range<u32>, text: &str| -> Vec<Group> {
            let group = |id| Group {
                id: GroupId::new(format!("n{id}")),
                title: None,
                status: if id % 3 == 0 { "old".into() } else { Group::ACTIVE.into() },
                created_at: None,
                stories: (0..id % 4).map(|_| Story { text: text.into(), ..Story::default() }).collect(),
            };
            ids.map(group).collect()
        };
        let mut store = testing::store();
        store.totals_from(&CURRENT, 0).unwrap();
        // Several steps, of which the last replaces groups too.
        for (ids, text) in [(0..300, "A"), (300..301, "B"), (301..700, "C"), (600..900, "D")] {
            let change = Change::of_many_steps("load groups", "f", "2026-03-01T00:00:00Z");
            let loading = store.load(&change).unwrap();
            for group in groups(ids, text) {
                let hash = crate::request::text_hash(&group);
                let hashes = (!group.stories.is_empty()).then_some(TextHashes { raw: hash, clean: hash });
                loading.group(&group, hashes, None, "2026-03-01T00:00:00Z").unwrap();
            }
            loading.commit().unwrap();
            store.finish_change(&change).unwrap();
            assert!(n_kept(&store) > 0);
            assert_eq!(store.read().n_wrong_counts().unwrap(), 0);
            let expected = counted_anew(&mut store);
            assert_eq!(store.totals_from(&CURRENT, 0).unwrap(), expected);
        }
        let tx = store.write().unwrap();
        let groups = [GroupKey(5), GroupKey(600), GroupKey(7)];
        let untriggered = tx.requests_untriggered(groups.into_iter()).unwrap();
        assert!(untriggered.is_some());
        for group in groups {
            tx.add_request(&NewRequest {
                group,
                kind: Kind::Topic,
                prompt: PromptKey(1),
                text_hash: [1; 16],
                run: RunId::new("run-1"),
                batch: None,
                sandbox: false,
                is_comparison: false,
                attempt: 1,
                state: RequestState::Planned,
            })
            .unwrap();
        }
        drop(untriggered);
        tx.commit().unwrap();
        assert_eq!(store.read().n_wrong_counts().unwrap(), 0);
        assert_eq!(store.totals_from(&CURRENT, 0).unwrap().counts.progress.real.planned, 3);
    }
}
