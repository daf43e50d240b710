//! All links made anew outside of a transaction, in several threads, each with a connection of its own: others read and
//! write meanwhile. Whether nobody wrote is asked in the transaction. What comes of a group does not depend on who links it,
//! so the threads change how long it takes and nothing else.

use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::Builder;

use crate::interrupt;
use crate::linking::linker::{Linker, SharedParts};
use crate::linking::relink::{self, Changes, NewLink, Relinked};
use crate::linking::{Load, is_usable};
use crate::model::GroupKey;
use crate::profile::Profile;
use crate::resolve::Strictness;
use crate::store::{Store, Tx, active_profile};

/// Most threads that link; more would wait for the one that reads.
const THREADS_MAX: usize = 4;
/// Groups below which threads are not worth their connections.
const FEW: usize = 1_000;
/// Groups that a thread links under one lock.
const HANDFUL: usize = 64;

/// Returns how many threads link side by side: one a processor, up to four.
pub fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX)
}

/// Links that are others than those stored, not written yet: some 80 bytes each.
pub struct LinkedAhead {
    /// Version before the first read: while it is the same, nobody else has written.
    version: i64,
    n_groups: u64,
    new_links: Vec<NewLink>,
}

impl LinkedAhead {
    /// Links all groups anew; `begin` is told how many there are, and what it returns how many more are done. `None` where that is not worth it, or a thread
    /// could not: they are linked in a transaction then.
    pub fn of<F: FnMut(usize)>(
        store: &Store,
        strictness: Strictness,
        begin: impl FnOnce(usize) -> F,
    ) -> anyhow::Result<Option<LinkedAhead>> {
        let n_threads = n_threads();
        let snapshot = store.snapshot()?;
        let version = snapshot.read().data_version()?;
        let profile = &active_profile::active(snapshot.read())?;
        let groups = snapshot.read().groups_with_mentions()?;
        if n_threads < 2 || groups.len() < FEW || !is_usable(snapshot.read())? {
            return Ok(None);
        }
        let load = Load::of_so_many(groups.len());
        let shared = Linker::open(snapshot.read(), strictness, load)?.shared_parts().clone();
        drop(snapshot);
        // Each thread would keep an index of its own.
        if !shared.has_index() {
            return Ok(None);
        }
        let mut on_groups = begin(groups.len());
        let thread = LinkingThread { path: store.path(), profile, strictness, load, shared: &shared };
        let (handfuls, next) = (groups.chunks(HANDFUL).collect::<Vec<_>>(), AtomicUsize::new(0));
        let mut found: Vec<(usize, Vec<NewLink>)> = vec![];
        let is_whole = std::thread::scope(|scope| {
            let (sender, done) = sync_channel(2 * n_threads);
            for _ in 0..n_threads {
                let (sender, handfuls, next, thread) = (sender.clone(), &handfuls, &next, &thread);
                // The system may not allow as many; one is enough.
                let run = move || thread.link(handfuls, next, &sender);
                if Builder::new().spawn_scoped(scope, run).is_err() {
                    break;
                }
            }
            drop(sender);
            let mut n_done = 0;
            // On an error nobody takes what the others send, and they end at their next handful.
            for (at, new_links) in done {
                interrupt::check()?;
                let Some(new_links) = new_links else { return Ok(false) };
                on_groups(handfuls[at].len());
                n_done += 1;
                if !new_links.is_empty() {
                    found.push((at, new_links));
                }
            }
            Ok::<_, anyhow::Error>(n_done == handfuls.len())
        })?;
        found.sort_unstable_by_key(|(at, _)| *at);
        let new_links = found.into_iter().flat_map(|(_, new_links)| new_links).collect();
        Ok(is_whole.then_some(LinkedAhead { version, n_groups: groups.len() as u64, new_links }))
    }

    /// Writes the links, and notes in `changes` what changed, where they are wanted; `None` where somebody has written since
    /// the first read.
    pub fn write(&self, tx: &Tx<'_>, changes: Option<&mut Changes>) -> anyhow::Result<Option<Relinked>> {
        if tx.read().data_version()? != self.version {
            return Ok(None);
        }
        relink::write(tx, self.n_groups, &self.new_links, changes).map(Some)
    }
}

/// Thread that links: what it needs.
struct LinkingThread<'a> {
    path: &'a Path,
    profile: &'a Profile,
    strictness: Strictness,
    load: Load,
    shared: &'a SharedParts,
}

impl LinkingThread<'_> {
    /// Links one handful after the other, whichever is next, until none is left or nobody takes them. `None` says that this
    /// thread could not.
    fn link(&self, handfuls: &[&[GroupKey]], next: &AtomicUsize, to: &SyncSender<(usize, Option<Vec<NewLink>>)>) {
        let could = Store::open_reader(self.path).and_then(|store| {
            let mut linker = Linker::open_beside(store.read(), self.shared, self.strictness, self.load)?;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(groups) = handfuls.get(at) else { return Ok(()) };
                let snapshot = store.snapshot()?;
                let mut new_links = vec![];
                for &group in *groups {
                    new_links.extend(relink::group(store.read(), &mut linker, self.profile, group)?.1);
                }
                // Whoever wants to write waits for the lock, which is not held while this thread waits.
                drop(snapshot);
                if to.send((at, Some(new_links))).is_err() {
                    return Ok(());
                }
            }
        });
        if could.is_err() {
            let _ = to.send((0, None));
        }
    }
}
