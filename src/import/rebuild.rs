//! Every kept answer read and linked again, offline, in one transaction.

use std::collections::BTreeSet;

use crate::answer::{Outcome, read_text};
use crate::import::copies;
use crate::import::knowledge::KnowledgeWriter;
use crate::interrupt;
use crate::linking;
use crate::model::{GroupKey, Kind};
use crate::session::Session;
use crate::store::{HowUndone, Tx};
use crate::terminal::Terminal;
use crate::terminal::bar::Unit;

/// Answers from which on the indexes of what they taught are made after the rows.
const MANY: usize = 10_000;

/// Result of a rebuild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// Answers read again.
    pub answers: u64,
    /// Topics written.
    pub topics: u64,
    /// Mentions written.
    pub mentions: u64,
    /// Of these, linked.
    pub linked: u64,
    /// Answers that can't be understood any more; what they taught before stays out.
    pub unreadable: u64,
}

/// Reads the topics of these groups again from the answers they come from.
pub fn topics_again(tx: &Tx<'_>, groups: &BTreeSet<GroupKey>) -> anyhow::Result<()> {
    let mut writer = KnowledgeWriter::new(tx);
    for &group in groups {
        let Some(current) = tx.read().current_answer(group, Kind::Topic)? else { continue };
        let request = tx.read().request(current.request)?;
        let Some(answer) = tx.read().answer(current.request)? else { continue };
        let expect = writer.expect(request.prompt)?;
        if let Outcome::Usable(content) = read_text(answer.text.as_deref().unwrap_or_default(), &expect) {
            // The answer is the group's already; it may have been asked about another one with the same text.
            writer.put(group, &request, content.found, answer.answered_at)?;
        }
    }
    Ok(())
}

/// Makes topics, mentions and links again from the answers' texts.
pub fn rebuild(session: &mut Session<'_>) -> anyhow::Result<Rebuilt> {
    session.store.sort_in_files()?;
    let tx = session.store.write()?;
    let rebuilt = all_again(&tx, session.terminal)?;
    let counts = [("topics", rebuilt.topics), ("links", rebuilt.linked)];
    tx.note_change("rebuild", "", HowUndone::Derived, &counts, &session.config.now_text())?;
    tx.commit()?;
    session.store.optimize();
    Ok(rebuilt)
}

/// Makes topics, mentions and links again within a transaction.
pub fn all_again(tx: &Tx<'_>, terminal: &Terminal) -> anyhow::Result<Rebuilt> {
    let usable = tx.read().usable_requests()?;
    // Where it changes the keys of decisions, triggers date them and note what is gone.
    linking::refresh(tx)?;
    let untriggered = tx.knowledge_untriggered()?;
    let put_off = match usable.len() >= MANY {
        true => vec![tx.put_off_indexes("story_topics")?, tx.put_off_indexes("story_entities")?],
        false => vec![],
    };
    let mut rebuilt = Rebuilt::default();
    let mut writer = KnowledgeWriter::new(tx);
    let bar = terminal.bar(usable.len() as u64, Unit::Count, "rebuilding");
    // In the order they were asked, so that the last one wins as it did before.
    for key in usable {
        interrupt::check()?;
        bar.inc(1);
        let request = tx.read().request(key)?;
        let Some(answer) = tx.read().answer(key)? else { continue };
        let expect = writer.expect(request.prompt)?;
        match read_text(answer.text.as_deref().unwrap_or_default(), &expect) {
            Outcome::Usable(content) => {
                let learned = writer.write(&request, content.found, answer.answered_at)?;
                rebuilt.answers += 1;
                rebuilt.topics += learned.topics;
                rebuilt.mentions += learned.mentions;
                rebuilt.linked += learned.linked;
            }
            _ => rebuilt.unreadable += 1,
        }
    }
    drop(writer);
    put_off.iter().try_for_each(|indexes| tx.make_indexes(indexes))?;
    drop(untriggered);
    copies::share(tx)?;
    (rebuilt.topics, rebuilt.mentions, rebuilt.linked) = tx.read().knowledge_counts()?;
    Ok(rebuilt)
}
