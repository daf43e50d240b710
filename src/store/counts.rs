//! Counts of what is known and asked of groups, kept for each 256 of them.
//!
//! A row of `_counts` holds as long as it is there: triggers remove it when anything that it counts changes, whoever
//! changes it, and writers that do without triggers remove it themselves ([`Tx::uncount`]). So nothing is ever added to or
//! taken from a number, and none can drift.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::grounding::GroundingCounts;
use super::groups::GroupCounts;
use super::ledger::{LedgerProgress, Progress, Spend};
use super::{Read, Tx};
use crate::model::{GroupKey, PromptKey};

/// Groups that are counted together, by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(pub i64);

impl Bucket {
    /// Groups with the text of another, wherever they are.
    pub const COPIES: Bucket = Bucket(i64::MAX);

    /// Returns the bucket of a group.
    pub fn of(group: i64) -> Bucket {
        Bucket(group >> 8)
    }

    /// Returns its first and last id.
    fn ids(self) -> (i64, i64) {
        (self.0 << 8, (self.0 << 8) | 0xFF)
    }
}

/// Counts of groups, and of what is known and asked of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Groups by whether they can be asked about.
    pub groups: GroupCounts,
    /// Requests by what became of them, and what they cost.
    pub progress: Progress,
    /// Topics that were learned.
    pub topics: u64,
    /// Mentions that were learned.
    pub mentions: u64,
    /// Of these, linked.
    pub linked: u64,
    /// Groups left out as too large for a queue.
    pub n_too_large: u64,
    /// Requests that failed since some model was not there, answered since or not.
    pub n_model_gone: u64,
    /// Mentions by how they stand in the stories.
    pub grounding: GroundingCounts,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.groups.add(other.groups);
        self.progress.real.add(&other.progress.real);
        self.progress.sandbox.add(&other.progress.sandbox);
        self.topics += other.topics;
        self.mentions += other.mentions;
        self.linked += other.linked;
        self.n_too_large += other.n_too_large;
        self.n_model_gone += other.n_model_gone;
        self.grounding.add(other.grounding);
    }

    /// Returns whether they depend on the prompts of today: by these an answer is stale or not.
    fn depend_on_prompts(&self) -> bool {
        self.progress.real.usable + self.progress.sandbox.usable > 0
    }

    /// Returns all numbers in one order: sums of money by their bits, so that they come back as they were.
    fn numbers(&self) -> String {
        let groups = self.groups;
        let mut all = vec![groups.total, groups.inactive, groups.without_text, groups.stories];
        for part in [&self.progress.real, &self.progress.sandbox] {
            let spend = part.spend;
            all.extend([part.groups_done, part.groups_sharing, part.groups_asked]);
            all.extend([part.usable, part.stale, part.asked_again, part.planned, part.in_flight]);
            all.extend([part.unusable, part.refused, part.failed, part.missing]);
            all.extend([spend.n_answers, spend.input_tokens, spend.cached_tokens, spend.cache_write_tokens]);
            all.extend([spend.output_tokens, spend.reasoning_tokens, spend.n_unpriced]);
            all.push(spend.n_without_usage);
            all.extend([spend.cost_usd, spend.unusable_cost_usd, spend.saved_usd].map(f64::to_bits));
        }
        all.extend([self.topics, self.mentions, self.linked, self.n_too_large, self.n_model_gone]);
        let grounding = self.grounding;
        all.extend([grounding.exact, grounding.normalized, grounding.fuzzy, grounding.ungrounded, grounding.unknown]);
        serde_json::json!(all).to_string()
    }

    /// Reads the numbers back; `None` where another program kept others.
    fn from_numbers(text: &str) -> Option<Counts> {
        let all: [u64; 60] = serde_json::from_str::<Vec<u64>>(text).ok()?.try_into().ok()?;
        let mut all = all.into_iter();
        let mut n = || all.next().unwrap_or(0);
        let groups = GroupCounts { total: n(), inactive: n(), without_text: n(), stories: n() };
        let mut part = || LedgerProgress {
            groups_done: n(),
            groups_sharing: n(),
            groups_asked: n(),
            usable: n(),
            stale: n(),
            asked_again: n(),
            planned: n(),
            in_flight: n(),
            unusable: n(),
            refused: n(),
            failed: n(),
            missing: n(),
            spend: Spend {
                n_answers: n(),
                input_tokens: n(),
                cached_tokens: n(),
                cache_write_tokens: n(),
                output_tokens: n(),
                reasoning_tokens: n(),
                n_unpriced: n(),
                n_without_usage: n(),
                cost_usd: f64::from_bits(n()),
                unusable_cost_usd: f64::from_bits(n()),
                saved_usd: f64::from_bits(n()),
            },
        };
        let progress = Progress { real: part(), sandbox: part() };
        Some(Counts {
            groups,
            progress,
            topics: n(),
            mentions: n(),
            linked: n(),
            n_too_large: n(),
            n_model_gone: n(),
            grounding: GroundingCounts { exact: n(), normalized: n(), fuzzy: n(), ungrounded: n(), unknown: n() },
        })
    }
}

/// Returns whether numbers were kept before requests that are asked again were counted.
fn is_of_earlier_version(numbers: &str) -> bool {
    serde_json::from_str::<Vec<u64>>(numbers).is_ok_and(|all| all.len() == 58)
}

/// A sum of money that does not depend on how its parts were put together: with what was lost in rounding, as SQLite sums
/// (Neumaier 1974).
#[derive(Clone, Copy, Debug, Default)]
struct Money {
    sum: f64,
    lost: f64,
}

impl Money {
    fn add(&mut self, part: f64) {
        let sum = self.sum + part;
        self.lost += if self.sum.abs() >= part.abs() { (self.sum - sum) + part } else { (part - sum) + self.sum };
        self.sum = sum;
    }
}

/// Counts that are added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    counts: Counts,
    money: [[Money; 3]; 2],
}

impl Sum {
    /// Adds the counts of other groups.
    pub fn add(&mut self, other: &Counts) {
        self.counts.add(other);
        for (sums, of) in self.money.iter_mut().zip([&other.progress.real, &other.progress.sandbox]) {
            let parts = [of.spend.cost_usd, of.spend.unusable_cost_usd, of.spend.saved_usd];
            sums.iter_mut().zip(parts).for_each(|(sum, part)| sum.add(part));
        }
    }

    /// Returns all of them.
    pub fn counts(mut self) -> Counts {
        let Progress { real, sandbox } = &mut self.counts.progress;
        for (sums, of) in self.money.iter().zip([real, sandbox]) {
            [of.spend.cost_usd, of.spend.unusable_cost_usd, of.spend.saved_usd] =
                sums.map(|money| money.sum + money.lost);
        }
        self.counts
    }
}

/// Row of `_counts` as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    /// The prompts that would be sent then; `None` where they make no difference.
    pub prompts: Option<String>,
    pub numbers: String,
}

impl Kept {
    /// Returns what is kept of counts that were made for these prompts.
    pub fn new(counts: &Counts, prompts: &str) -> Kept {
        Kept { prompts: counts.depend_on_prompts().then(|| prompts.to_owned()), numbers: counts.numbers() }
    }

    /// Returns the counts, if they hold for these prompts.
    pub fn counts(&self, prompts: &str) -> Option<Counts> {
        let holds = self.prompts.as_deref().is_none_or(|kept| kept == prompts);
        holds.then(|| Counts::from_numbers(&self.numbers))?
    }
}

impl Read<'_> {
    /// Returns the buckets that have groups; one look for each.
    pub(super) fn buckets(self) -> anyhow::Result<Vec<Bucket>> {
        let mut buckets = vec![];
        let mut next = self.0.prepare_cached("SELECT min(id) FROM main.story_groups WHERE id >= ?1")?;
        let mut from = Some(i64::MIN);
        while let Some(first) = from {
            let Some(id) = next.query_row([first], |row| row.get(0))? else { break };
            buckets.push(Bucket::of(id));
            from = Bucket::of(id).ids().1.checked_add(1);
        }
        Ok(buckets)
    }

    /// Returns all that is kept.
    pub(super) fn kept_counts(self) -> anyhow::Result<BTreeMap<Bucket, Kept>> {
        let mut statement = self.0.prepare("SELECT bucket, prompts, numbers FROM main._counts")?;
        let rows = statement
            .query_map([], |row| Ok((Bucket(row.get(0)?), Kept { prompts: row.get(1)?, numbers: row.get(2)? })))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns whether any group shares the answer of another; one look.
    pub(super) fn has_shared(self) -> anyhow::Result<bool> {
        Ok(self.0.query_row("SELECT EXISTS (SELECT 1 FROM main.current_answers WHERE is_shared = 1)", [], |row| {
            row.get(0)
        })?)
    }

    /// Counts all groups of a bucket; `current` are the prompts that would be sent today.
    pub(super) fn count_bucket(
        self,
        bucket: Bucket,
        current: &[PromptKey],
        has_shared: bool,
    ) -> anyhow::Result<Counts> {
        let ids = bucket.ids();
        let (topics, mentions, linked, grounding) = self.learned_by(ids)?;
        let mut counts =
            Counts { groups: self.n_groups_with(ids)?, topics, mentions, linked, grounding, ..Counts::default() };
        self.ledger_of(ids, current, has_shared, &mut counts)?;
        Ok(counts)
    }

    /// Counts what was spent on groups that were forgotten; one look where there are none.
    pub(super) fn count_forgotten(self) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        counts.progress.real.spend = self.spend_forgotten(false)?;
        counts.progress.sandbox.spend = self.spend_forgotten(true)?;
        Ok(counts)
    }

    fn n_groups_with(self, (first, last): (i64, i64)) -> anyhow::Result<GroupCounts> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(*), coalesce(sum(status <> 'active'), 0),
                    coalesce(sum(status = 'active' AND text_hash IS NULL), 0),
                    (SELECT count(*) FROM main.stories WHERE story_group_id BETWEEN ?1 AND ?2)
             FROM main.story_groups WHERE id BETWEEN ?1 AND ?2",
        )?;
        Ok(statement.query_row([first, last], |row| {
            let n = |i| row.get::<_, i64>(i).map(|n| n as u64);
            Ok(GroupCounts { total: n(0)?, inactive: n(1)?, without_text: n(2)?, stories: n(3)? })
        })?)
    }

    fn learned_by(self, (first, last): (i64, i64)) -> anyhow::Result<(u64, u64, u64, GroundingCounts)> {
        let mut statement = self.0.prepare_cached(
            "SELECT count(*), count(entity_id), total(grounding = 'exact'), total(grounding = 'normalized'),
                    total(grounding = 'fuzzy'), total(grounding = 'ungrounded'), count(*) - count(grounding),
                    (SELECT count(*) FROM main.story_topics WHERE story_group_id BETWEEN ?1 AND ?2)
             FROM main.story_entities WHERE story_group_id BETWEEN ?1 AND ?2",
        )?;
        Ok(statement.query_row([first, last], |row| {
            let n = |i| row.get::<_, i64>(i).map(|n| n as u64);
            let sum = |i| row.get::<_, f64>(i).map(|n| n as u64);
            let grounding = GroundingCounts {
                exact: sum(2)?,
                normalized: sum(3)?,
                fuzzy: sum(4)?,
                ungrounded: sum(5)?,
                unknown: n(6)?,
            };
            Ok((n(7)?, n(0)?, n(1)?, grounding))
        })?)
    }

    /// Returns how many rows of `_counts` are not what there is to be counted; for `check`. A row of an earlier version is
    /// in no use, and so not wrong.
    pub fn n_wrong_counts(self) -> anyhow::Result<u64> {
        let (kept, has_shared) = (self.kept_counts()?, self.has_shared()?);
        let mut n = 0;
        for (bucket, kept) in kept {
            let is_right = match bucket {
                Bucket::COPIES => kept.numbers == self.n_copies()?.to_string(),
                _ if is_of_earlier_version(&kept.numbers) => true,
                bucket => {
                    let prompts = kept.prompts.clone().unwrap_or_default();
                    let keys: Vec<_> = prompts.split(',').filter_map(|key| key.parse().ok().map(PromptKey)).collect();
                    Kept::new(&self.count_bucket(bucket, &keys, has_shared)?, &prompts) == kept
                }
            };
            n += u64::from(!is_right);
        }
        Ok(n)
    }
}

impl Tx<'_> {
    /// Keeps what was counted.
    pub(super) fn keep_counts(&self, counted: &[(Bucket, Kept)]) -> anyhow::Result<()> {
        let mut statement =
            self.prepare_cached("INSERT OR REPLACE INTO _counts (bucket, prompts, numbers) VALUES (?1, ?2, ?3)")?;
        for (bucket, kept) in counted {
            statement.execute(params![bucket.0, kept.prompts, kept.numbers])?;
        }
        Ok(())
    }

    /// Removes the counts of groups, for writers that do without triggers.
    pub fn uncount(&self, groups: impl Iterator<Item = GroupKey>) -> anyhow::Result<()> {
        let mut statement = self.prepare_cached("DELETE FROM _counts WHERE bucket = ?1")?;
        let buckets: BTreeSet<Bucket> = groups.map(|group| Bucket::of(group.0)).collect();
        for bucket in buckets {
            statement.execute([bucket.0])?;
        }
        Ok(())
    }

    /// Removes all counts.
    pub fn uncount_all(&self) -> anyhow::Result<()> {
        self.execute("DELETE FROM _counts", [])?;
        Ok(())
    }

    /// Keeps counts of groups that were added behind all others, and of which nothing is known or asked yet.
    pub(super) fn keep_added(&self, added: &BTreeMap<Bucket, GroupCounts>, last_before: i64) -> anyhow::Result<()> {
        if added.is_empty() {
            return Ok(());
        }
        self.execute("DELETE FROM _counts WHERE bucket IN (?1, ?2)", [Bucket::COPIES.0, Bucket::of(last_before).0])?;
        // A bucket that had groups before is counted anew.
        let whole = added.iter().filter(|(bucket, _)| last_before == 0 || bucket.ids().0 > last_before);
        let kept =
            whole.map(|(bucket, groups)| (*bucket, Kept::new(&Counts { groups: *groups, ..Counts::default() }, "")));
        self.keep_counts(&kept.collect::<Vec<_>>())
    }
}
