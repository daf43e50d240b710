//! Mentions are linked in several threads, ahead of the turn of their lines: each thread asks the database through a
//! connection of its own, and all share the index of names and what was decided about mentions by themselves. What comes of
//! a mention does not depend on who links it, nor on the order, so the threads change how long an import takes and nothing
//! else. A line that no thread could link is linked when its turn comes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use anyhow::Context as _;

use super::answers::Files;
use super::knowledge::ground;
use super::read::{Key, ReadAnswer, ReadLine, read};
use crate::answer::{Found, Outcome};
use crate::linking::{self, Linker, Load, SharedParts};
use crate::model::Mention;
use crate::resolve::Strictness;
use crate::store::{AskedRow, LinkedMention, Read, Store};
use crate::terminal::bar::Bar;

/// Handfuls of lines that wait before and behind each of them.
const WAITING_MAX: usize = 2;
/// Requests below which a thread is not worth its connection.
const FEW: usize = 1000;

/// Parts that the linkers of all threads share, by profile.
#[derive(Default)]
pub(super) struct SharedByProfile(Mutex<HashMap<usize, SharedParts>>);

/// Linkers of one thread, by profile.
pub(super) struct Linkers<'l> {
    read: Read<'l>,
    key: Key<'l>,
    shared: &'l SharedByProfile,
    linkers: HashMap<usize, Linker<'l>>,
}

impl<'l> Linkers<'l> {
    pub(super) fn new(read: Read<'l>, key: Key<'l>, shared: &'l SharedByProfile) -> Linkers<'l> {
        Linkers { read, key, shared, linkers: HashMap::new() }
    }

    /// Links the mentions of an answer and finds them in its stories.
    pub(super) fn link(&mut self, request: &AskedRow, mentions: Vec<Mention>) -> anyhow::Result<Vec<LinkedMention>> {
        let rules = self.key.rules;
        let profile = rules.of(request.prompt).profile;
        let mut linked = self.of(profile)?.link_all(rules.profile(profile), mentions)?;
        if request.has_text {
            ground(self.read, request.group, &mut linked)?;
        }
        Ok(linked)
    }

    fn of(&mut self, profile: usize) -> anyhow::Result<&mut Linker<'l>> {
        let none = match self.linkers.entry(profile) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(none) => none,
        };
        let load = Load::of_so_many(self.key.asked.rows().len());
        // The first one reads the index, and the others wait for it.
        let mut shared = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        let linker = match shared.get(&profile) {
            Some(shared) => Linker::open_beside(self.read, shared, Strictness::default(), load)?,
            None => {
                let first = Linker::open(self.read, Strictness::default(), load)?;
                shared.insert(profile, first.shared_parts().clone());
                first
            }
        };
        Ok(none.insert(linker))
    }
}

/// Linking ahead: what its threads need.
pub(super) struct Ahead<'a> {
    path: PathBuf,
    /// State of what links depend on, as the thread sees it that writes.
    linking_state: u64,
    key: Key<'a>,
    shared: &'a SharedByProfile,
    n_threads: usize,
}

impl<'a> Ahead<'a> {
    /// Returns linking ahead where there are enough requests and processors.
    pub(super) fn of(
        store: &Store,
        linking_state: u64,
        key: Key<'a>,
        shared: &'a SharedByProfile,
    ) -> Option<Ahead<'a>> {
        let n_threads = linking::n_threads();
        let is_worth_it = n_threads > 1 && key.asked.rows().len() >= FEW;
        is_worth_it.then(|| Ahead { path: store.path().to_owned(), linking_state, key, shared, n_threads })
    }

    /// Links what comes, in one of the threads, until nothing more comes or nobody takes it. A thread that cannot ask the
    /// database hands on the lines as they are.
    pub(super) fn link(&self, from: &Receiver<Vec<ReadLine>>, to: &SyncSender<Vec<ReadLine>>) {
        let store = Store::open_reader(&self.path);
        let is_same = |store: &Store| store.read().linking_state().is_ok_and(|state| state == self.linking_state);
        let store = store.ok().filter(is_same);
        let mut linkers = store.as_ref().map(|store| Linkers::new(store.read(), self.key, self.shared));
        for mut lines in from {
            if let (Some(store), Some(able)) = (&store, &mut linkers)
                && self.link_all(store, able, &mut lines).is_err()
            {
                linkers = None;
            }
            if to.send(lines).is_err() {
                return;
            }
        }
    }

    /// Links a handful under one lock. It is not held while this thread waits for others: they might wait for the lock, and
    /// whoever wants to write for all of them.
    fn link_all(&self, store: &Store, linkers: &mut Linkers<'a>, lines: &mut [ReadLine]) -> anyhow::Result<()> {
        let _snapshot = store.snapshot()?;
        for line in lines {
            if let ReadLine::Answer(found) = line {
                self.link_answer(linkers, found)?;
            }
        }
        Ok(())
    }

    /// Links one answer, unless it teaches nothing or counts already; an error says that the thread cannot link.
    fn link_answer(&self, linkers: &mut Linkers<'a>, found: &mut ReadAnswer) -> anyhow::Result<()> {
        let request = &self.key.asked.rows()[found.place];
        let Outcome::Usable(content) = &mut found.outcome else { return Ok(()) };
        let Found::Mentions(mentions) = &mut content.found else { return Ok(()) };
        let counts = request.current.is_some_and(|(current, _)| current == request.key);
        if counts && !request.state.is_pending() || request.is_comparison {
            return Ok(());
        }
        let profile = self.key.rules.of(request.prompt).profile;
        anyhow::ensure!(linkers.of(profile)?.shared_parts().has_index(), "each thread would keep an index of its own");
        found.linked = Some(linkers.link(request, std::mem::take(mentions)));
        Ok(())
    }
}

/// Reads all files in a thread of its own, has their mentions linked ahead in others, and gives what was found to `take`, a
/// handful at a time and in the order of the files, so that what comes of it does not depend on the threads.
pub(super) fn read_and_link(
    files: &Files,
    bar: &Bar,
    key: Key<'_>,
    ahead: Option<&Ahead<'_>>,
    take: impl FnMut(Vec<ReadLine>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let (mut to, mut from) = (vec![], vec![]);
        for ahead in std::iter::repeat_n(ahead, ahead.map_or(0, |ahead| ahead.n_threads)).flatten() {
            let (sender, read) = sync_channel(WAITING_MAX);
            let (linked_sender, linked) = sync_channel(WAITING_MAX);
            let thread = Builder::new().spawn_scoped(scope, move || ahead.link(&read, &linked_sender));
            // The system may not allow as many; lines are linked in their turn where there is none.
            if thread.is_err() {
                break;
            }
            to.push(sender);
            from.push(linked);
        }
        if to.is_empty() {
            let (sender, read) = sync_channel(WAITING_MAX);
            to.push(sender);
            from.push(read);
        }
        let reader = Builder::new().spawn_scoped(scope, move || read(files, bar, key, to));
        let reader = reader.context("cannot start a thread that reads the answers")?;
        let taken = in_turn(&from, take);
        // Where this side fails, nobody takes what the others send, and they end at their next handful.
        drop(from);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken.and(read)
    })
}

/// Takes from each lane in its turn, as it was given to them, until nothing comes where something would have to.
fn in_turn<T>(lanes: &[Receiver<T>], mut take: impl FnMut(T) -> anyhow::Result<()>) -> anyhow::Result<()> {
    for lane in lanes.iter().cycle() {
        match lane.recv() {
            Ok(found) => take(found)?,
            Err(_) => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_taken_from_in_the_order_they_were_given_to() {
        for n_lanes in 1..=4 {
            for n in 0..10 {
                let (senders, lanes): (Vec<_>, Vec<_>) = (0..n_lanes).map(|_| sync_channel(n)).unzip();
                for at in 0..n {
                    senders[at % n_lanes].send(at).expect("is taken");
                }
                drop(senders);
                let mut taken = vec![];
                in_turn(&lanes, |at| {
                    taken.push(at);
                    Ok(())
                })
                .expect("nothing fails");
                assert_eq!(taken, (0..n).collect::<Vec<_>>());
            }
        }
    }
}
