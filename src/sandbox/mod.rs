//! A local Batch API server with a dictionary reader instead of a model.
//!
//! It speaks the Files, Batches, Responses and Chat Completions APIs on 127.0.0.1, does what a batch provider does
//! (validates, works in an order of its own, hands out two files), and lets a script make it fail in every way the
//! real ones have been seen to. It is a server of its own: the rest of gleaner talks to it over a socket, as to any
//! provider, and knows it only by the header `x-gleaner-sandbox` on every reply.
//!
//! A call goes `server` (stages, faults) -> `api` (endpoints) -> `shared` (files and batches); the work behind a batch
//! is `scheduler` (one thread each), `check` (validation) and `work` (answers), and each answer is `request_body` ->
//! `reader` ->
//! `fill` -> `reply` -> `lines`.

mod server;
mod http;
mod multipart;
mod faults;
mod api;
mod shared;
mod scheduler;
mod batch;
mod check;
mod work;
mod lines;
mod outcomes;
mod request_body;
mod reply;
mod fill;
mod folder;
mod reader;
mod keyphrases;
mod listed;
mod journal;
mod script;
mod fault;
mod pattern;
pub mod samples;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use anyhow::Context as _;

use crate::config::Config;
use crate::error::Explain as _;

pub use journal::Journal;
pub(crate) use multipart::read_form;
pub use reader::{Dictionary, Keyword};
pub use script::{Pace, Script};

use folder::Folder;
use reader::{LazyReader, Reader};
use server::Connections;
use shared::Shared;

/// Time that a small batch takes when nobody says otherwise.
pub const DEFAULT_PACE: Pace = Pace::Millis(1000);

/// Options of a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    /// Vocabulary of the reader.
    pub dictionary: Dictionary,
    /// Misbehavior.
    pub script: Script,
    /// Pace of batches, unless the script says.
    pub pace: Pace,
}

impl Default for Options {
    fn default() -> Options {
        Options { port: 0, dictionary: Dictionary::default(), script: Script::default(), pace: DEFAULT_PACE }
    }
}

/// A running sandbox; dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    connections: Arc<Connections>,
    threads: Vec<JoinHandle<()>>,
    // Removed with all files when the sandbox goes.
    _folder: Folder,
}

impl Sandbox {
    /// Starts listening on 127.0.0.1 and serves from threads of its own. The configuration lends it the clock.
    pub fn start(config: &Config, options: &Options) -> anyhow::Result<Sandbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .with_context(|| format!("cannot listen on 127.0.0.1:{}", options.port))
            .hint("another program may have this port: choose one with `--port N`, 0 for any that is free")?;
        let address = listener.local_addr().context("cannot tell the port")?;
        let folder = Folder::make().context("cannot make a folder")?;
        options.dictionary.check()?;
        let dictionary = options.dictionary.clone();
        let reader = LazyReader::new(Box::new(move || Reader::new(&dictionary)));
        let (sender, receiver) = mpsc::channel();
        let shared = Arc::new(Shared::new(
            config.clone(),
            PathBuf::from(folder.path()),
            reader,
            options.pace,
            options.script.clone(),
            instance(),
            sender,
        ));
        let connections = Arc::new(Connections::default());
        thread::spawn({
            let shared = Arc::clone(&shared);
            // Nobody waits for this one: it ends by itself.
            move || {
                LazyReader::force(&shared.reader);
            }
        });
        let threads = vec![
            thread::spawn({
                let (shared, connections) = (Arc::clone(&shared), Arc::clone(&connections));
                move || server::listen(&listener, &shared, &connections)
            }),
            thread::spawn({
                let shared = Arc::clone(&shared);
                move || shared.check_batches(&receiver)
            }),
        ];
        Ok(Sandbox { address, shared, connections, threads, _folder: folder })
    }

    /// Removes what killed sandboxes left in the folder of temporary files.
    pub fn sweep() {
        folder::sweep();
    }

    /// Returns the base URL for clients, `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns what was asked so far.
    pub fn journal(&self) -> Journal {
        self.shared.journal().clone()
    }

    /// Returns how many calls it has had so far, without a copy of the journal.
    pub fn n_calls(&self) -> u64 {
        self.shared.journal().calls.len() as u64
    }

    /// Returns whether no call is being served any more: what a killed client asked for is done or dropped.
    pub fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    /// Replaces the script; batches already made keep theirs.
    pub fn load(&self, script: Script) {
        self.shared.load(script);
    }

    /// Stops listening, closes all connections and forgets everything.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.stop_work();
        self.connections.close_all();
        server::wake(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Returns what tells the ids of this sandbox from those of the one before: the standard library's own randomness.
fn instance() -> String {
    format!("{:08x}", RandomState::new().build_hasher().finish() >> 32)
}
