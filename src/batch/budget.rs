//! The cost before the call: everything that a command would send, checked before anything is sent.
//!
//! Whatever sends takes a [`Budget`], and a budget is made only by [`Budget::check`] from the whole of what would be
//! sent, parts that wait from an earlier run included. The check says the price, and asks a person above a sum.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::anyhow;

use crate::batch::batch_or_run::BatchOrRun;
use crate::batch::plan::Plan;
use crate::config::SpendLimit;
use crate::error::{ErrorKind, Exit, Explain as _};
use crate::model::{BatchKey, OriginKey, RunId};
use crate::session::Session;
use crate::store::{BatchRow, Read};
use crate::terminal::Terminal;
use crate::terminal::words::{count, dollars, list};

/// The estimated cost of all that a command would send.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Of new requests, in USD.
    new_usd: f64,
    /// Of parts that wait from an earlier run, in USD.
    waiting_usd: f64,
    /// New requests.
    n_new: u64,
    /// Parts that wait from an earlier run.
    n_waiting: u64,
    /// Requests of these parts.
    n_waiting_requests: u64,
    /// Models without a known price.
    unpriced: Vec<String>,
}

impl Cost {
    /// Adds the requests of a plan, at batch prices or at synchronous ones.
    pub fn add_plan(&mut self, plan: &Plan, batch: bool) {
        if plan.n_requests() == 0 {
            return;
        }
        self.n_new += plan.n_requests();
        let usd = if batch { plan.estimate.batch_usd } else { plan.estimate.sync_usd };
        match usd {
            Some(usd) => self.new_usd += usd,
            None => self.note_unpriced(&plan.estimate.model),
        }
    }

    /// Adds what one request of a plan costs more at the synchronous price: one is sent ahead of the batch.
    pub fn add_one_ahead(&mut self, plan: &Plan) {
        if let (Some(sync), Some(batch)) = (plan.estimate.sync_usd, plan.estimate.batch_usd) {
            self.new_usd += (sync - batch) / plan.n_requests().max(1) as f64;
        }
    }

    /// Adds parts that wait from an earlier run.
    pub fn add_waiting(&mut self, parts: &[BatchRow]) {
        for part in parts {
            self.n_waiting += 1;
            self.n_waiting_requests += part.n_requests;
            match part.estimated_cost_usd {
                Some(usd) => self.waiting_usd += usd,
                None => self.note_unpriced(&part.model),
            }
        }
    }

    fn note_unpriced(&mut self, model: &str) {
        if !self.unpriced.iter().any(|known| known == model) {
            self.unpriced.push(model.to_owned());
        }
    }

    /// Returns the sum in USD; `None` where the price of a model is not known.
    pub fn usd(&self) -> Option<f64> {
        self.unpriced.is_empty().then_some(self.new_usd + self.waiting_usd)
    }

    /// Says what would be sent, and its price.
    fn words(&self) -> String {
        let of = match (self.n_new, self.n_waiting) {
            (0, n) => format!("{} in {}", count(self.n_waiting_requests, "request"), waiting_parts(n)),
            (n, _) => count(n, "request"),
        };
        match self.usd() {
            Some(usd) => format!("to be sent: {of}, about {}{}", dollars(usd), self.of_it()),
            None => format!("to be sent: {of}; {}", self.unpriced_words()),
        }
    }

    fn unpriced_words(&self) -> String {
        format!("the price of {} is not known", list(&self.unpriced, "and"))
    }

    /// Says what the parts of earlier runs add, where there are any.
    fn of_it(&self) -> String {
        match self.n_waiting {
            0 => String::new(),
            n if self.unpriced.is_empty() && self.n_new > 0 => {
                format!(", {} of it for {}", dollars(self.waiting_usd), waiting_parts(n))
            }
            _ => String::new(),
        }
    }
}

fn waiting_parts(n: u64) -> String {
    let what = if n == 1 { "part that waits".to_owned() } else { "parts that wait".to_owned() };
    format!("{n} {what} from an earlier run")
}

/// Terms of spending: what was typed, and what is set.
#[derive(Clone)]
pub struct Terms<'a> {
    /// The most that may be spent, as it was typed or is set.
    pub max: Option<SpendLimit>,
    /// Dialogue with a person; `None`: nothing is sent, so nobody is.
    pub asking: Option<Asking<'a>>,
}

/// Dialogue with a person about the price.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// Terminal that the price is said on and the question put to.
    pub terminal: &'a Terminal,
    /// From which sum in USD on; `None`: never.
    pub above_usd: Option<f64>,
    /// True where the provider is a server of one's own, where a model without a price costs nothing.
    pub is_near: bool,
}

impl Asking<'_> {
    /// Says what would be sent; `line` stands in the place of the usual words.
    fn tell(&self, cost: &Cost, line: Option<&str>) {
        if cost.n_new + cost.n_waiting > 0 {
            self.terminal.status(line.map_or_else(|| cost.words(), str::to_owned));
        }
    }

    /// Asks where there is somebody to ask and the sum is large, or a stranger's price not known.
    fn ask(&self, cost: &Cost) -> anyhow::Result<()> {
        let Some(above) = self.above_usd.filter(|_| self.terminal.is_interactive()) else { return Ok(()) };
        let question = match cost.usd() {
            Some(usd) if usd > above => format!("send it for about {}?", dollars(usd)),
            None if !self.is_near => format!("{}: send it?", cost.unpriced_words()),
            _ => return Ok(()),
        };
        if cost.n_new + cost.n_waiting == 0 || self.terminal.confirm(&question) {
            return Ok(());
        }
        Err(anyhow!("nothing was sent, since nobody said yes"))
            .exit(Exit::Usage)
            .kind(ErrorKind::Refused)
            .hint("`--yes` sends without asking, `--max-cost USD` refuses above a sum")
    }
}

/// Permission to send what was checked. Not `Clone`: one check, one command.
#[derive(Debug)]
pub struct Budget {
    max: Option<SpendLimit>,
    approved: RefCell<BTreeMap<BatchKey, f64>>,
}

/// Permission to send one part.
#[derive(Debug)]
pub struct Approved {
    part: BatchKey,
}

impl Approved {
    /// Returns the part it was given for.
    pub fn part(&self) -> BatchKey {
        self.part
    }
}

impl Budget {
    /// Checks what would be sent against the most that may be spent, says the price, and asks where it is large. An
    /// error says the sum, and nothing was sent.
    pub fn check(cost: &Cost, terms: Terms<'_>) -> anyhow::Result<Budget> {
        Self::check_saying(cost, terms, None)
    }

    /// Like [`Budget::check`], with a line of the command's own that says the price.
    pub fn check_saying(cost: &Cost, terms: Terms<'_>, line: Option<&str>) -> anyhow::Result<Budget> {
        let is_near = terms.asking.is_some_and(|asking| asking.is_near);
        if let Some(max) = &terms.max {
            match cost.usd() {
                Some(usd) if usd > max.usd => {
                    return Err(anyhow!("the estimate is {}{}, above {}", dollars(usd), cost.of_it(), max.named))
                        .kind(ErrorKind::Refused)
                        .hint("nothing was sent; raise it, or ask about fewer groups");
                }
                Some(_) => {}
                // A limit that is always set is about money; a model of one's own costs none.
                None if is_near && !max.is_typed => {}
                None => {
                    let model = cost.unpriced.first().map_or("the model", String::as_str);
                    return Err(anyhow!("the price of `{model}` is not known, so {} can't be kept", max.named))
                        .hint("give it with `--price INPUT,CACHED,OUTPUT[,WRITE]` (USD per million tokens)");
                }
            }
        }
        if let Some(asking) = terms.asking {
            asking.tell(cost, line);
            asking.ask(cost)?;
        }
        Ok(Budget { max: terms.max, approved: RefCell::default() })
    }

    /// Returns the most that may be spent.
    pub fn max_usd(&self) -> Option<f64> {
        self.max.as_ref().map(|max| max.usd)
    }

    /// Approves a part. Its file may have grown since the plan: what would go beyond the most that may be spent is not
    /// sent. A part that is sent again after a try that made nothing counts once.
    pub fn approve(&self, part: &BatchRow) -> anyhow::Result<Approved> {
        let mut approved = self.approved.borrow_mut();
        approved.insert(part.key, part.estimated_cost_usd.unwrap_or(0.0));
        let usd: f64 = approved.values().sum();
        if let Some(max) = self.max.as_ref().filter(|max| usd > max.usd) {
            approved.remove(&part.key);
            return Err(anyhow!(
                "part {} of {} would bring the cost to {}, above {}",
                part.part,
                part.run,
                dollars(usd),
                max.named
            ))
            .kind(ErrorKind::Refused)
            .hint("what was sent before is kept; raise it to send the rest");
        }
        Ok(Approved { part: part.key })
    }
}

/// Returns where a part was begun: its own origin, else that of its run; `None`: nowhere yet.
pub fn begun_at(read: Read<'_>, part: &BatchRow) -> anyhow::Result<Option<OriginKey>> {
    match part.origin {
        Some(origin) => Ok(Some(origin)),
        None => Ok(read.run(&part.run)?.and_then(|run| run.origin)),
    }
}

/// Returns the parts that a command would send to an origin beside what is new: those of one run, or all that are on
/// their way.
pub fn sendable(session: &Session<'_>, run: Option<&RunId>, origin: OriginKey) -> anyhow::Result<Vec<BatchRow>> {
    let read = session.store.read();
    let mut parts = waiting(session, run)?;
    let mut is_here = vec![];
    for part in &parts {
        is_here.push(begun_at(read, part)?.is_none_or(|begun| begun == origin));
    }
    let mut is_here = is_here.into_iter();
    parts.retain(|_| is_here.next() == Some(true));
    Ok(parts)
}

/// Returns the parts that `wait` would send to an origin: those that are meant and on their way.
pub fn sendable_of(
    session: &Session<'_>,
    only: Option<&BatchOrRun>,
    origin: OriginKey,
) -> anyhow::Result<Vec<BatchRow>> {
    let mut parts = sendable(session, None, origin)?;
    parts.retain(|part| only.is_none_or(|target| target.includes(part)));
    Ok(parts)
}

/// Returns whether a part belongs to a run that was sent, or begun to be. One made without network is sent only when it
/// is named: it may be on its way by hand.
pub fn is_on_its_way(read: Read<'_>, part: &BatchRow) -> anyhow::Result<bool> {
    Ok(read.run(&part.run)?.is_some_and(|run| run.origin.is_some()))
}

/// Returns the parts that wait: those of one run, or all that are on their way, wherever they were begun.
pub fn waiting(session: &Session<'_>, run: Option<&RunId>) -> anyhow::Result<Vec<BatchRow>> {
    let read = session.store.read();
    let mut parts = vec![];
    for part in read.pending_batches()?.into_iter().filter(|part| part.state.is_unsent()) {
        let is_meant = match run {
            Some(run) => part.run == *run,
            None => is_on_its_way(read, &part)?,
        };
        if is_meant {
            parts.push(part);
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::explain;

    fn cost(new_usd: f64, waiting_usd: f64, n_waiting: u64) -> Cost {
        Cost { new_usd, waiting_usd, n_new: 2, n_waiting, n_waiting_requests: 4, unpriced: vec![] }
    }

    #[test]
    fn all_that_would_be_sent_counts() {
        let check = |cost: &Cost, max: Option<f64>, expected: Option<&str>| {
            let max = max.map(|usd| SpendLimit { usd, named: format!("`--max-cost {usd}`"), is_typed: true });
            let error = Budget::check(cost, Terms { max, asking: None }).err().map(|error| explain(&error).message);
            assert_eq!(error.as_deref(), expected);
        };
        check(&cost(1.0, 0.0, 0), None, None);
        check(&cost(1.0, 0.0, 0), Some(1.0), None);
        check(&cost(2.0, 0.0, 0), Some(1.0), Some("the estimate is $2.00, above `--max-cost 1`"));
        let of_it =
            "the estimate is $1.50, $1.00 of it for 2 parts that wait from an earlier run, above `--max-cost 1`";
        check(&cost(0.5, 1.0, 2), Some(1.0), Some(of_it));
        let unpriced = Cost { unpriced: vec!["gpt-x".into()], ..cost(0.5, 0.0, 0) };
        check(&unpriced, None, None);
        check(&unpriced, Some(9.0), Some("the price of `gpt-x` is not known, so `--max-cost 9` can't be kept"));
    }

    #[test]
    fn the_price_is_said_in_words() {
        let check = |cost: &Cost, expected: &str| assert_eq!(cost.words(), expected);
        check(&cost(1.0, 0.0, 0), "to be sent: 2 requests, about $1.00");
        check(
            &cost(1.0, 0.5, 1),
            "to be sent: 2 requests, about $1.50, $0.500 of it for 1 part that waits from an earlier run",
        );
        let waiting = Cost { n_new: 0, ..cost(0.0, 0.5, 2) };
        check(&waiting, "to be sent: 4 requests in 2 parts that wait from an earlier run, about $0.500");
        let unpriced = Cost { unpriced: vec!["gpt-x".into()], ..cost(0.5, 0.0, 0) };
        check(&unpriced, "to be sent: 2 requests; the price of `gpt-x` is not known");
    }
}
