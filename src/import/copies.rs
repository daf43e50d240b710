//! Answers given to the groups that have the text which was asked about.

use std::collections::HashSet;

use crate::answer::{Outcome, read_text};
use crate::import::knowledge::KnowledgeWriter;
use crate::interrupt;
use crate::session::Session;
use crate::store::Tx;
use crate::terminal::words::count;

/// Counts of what copies took over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// Groups that share an answer they did not share before.
    pub groups: u64,
}

/// Lets every group share the answers that others with the same text have, in one pass over the ledger. A second time it
/// changes nothing.
pub fn share(tx: &Tx<'_>) -> anyhow::Result<Shared> {
    let mut groups = HashSet::new();
    let mut writer = KnowledgeWriter::new(tx);
    for due in tx.read().shares_due()? {
        interrupt::check()?;
        if !tx.copy_knowledge(&due)? {
            let request = tx.read().request(due.request)?;
            let Some(answer) = tx.read().answer(due.request)? else { continue };
            let expect = writer.expect(request.prompt)?;
            let Outcome::Usable(content) = read_text(answer.text.as_deref().unwrap_or_default(), &expect) else {
                continue;
            };
            writer.put(due.group, &request, content.found, answer.answered_at)?;
        }
        groups.insert(due.group);
    }
    Ok(Shared { groups: groups.len() as u64 })
}

/// Does so in a transaction of its own, where anything is due.
pub fn share_now(session: &mut Session<'_>) -> anyhow::Result<Shared> {
    if session.store.read().shares_due()?.is_empty() {
        return Ok(Shared::default());
    }
    let tx = session.store.write()?;
    let shared = share(&tx)?;
    tx.commit()?;
    Ok(shared)
}

/// Does so and says it: these groups need not be asked.
pub fn share_and_say(session: &mut Session<'_>) -> anyhow::Result<()> {
    let shared = share_now(session)?;
    if shared.groups > 0 {
        let verb = if shared.groups == 1 { "shares" } else { "share" };
        let groups = count(shared.groups, "group");
        session.terminal.status(format!("{groups} {verb} the answers that another group with the same text has"));
    }
    Ok(())
}
