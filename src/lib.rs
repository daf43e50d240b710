//! gleaner turns a pile of news stories into linked knowledge in one SQLite file, through a model provider's Batch API.
//!
//! Data flows one way, and the rooms are the stations on that line:
//!
//! ```text
//! stories ─> intake ─> request ─> openai ─> answer ─> resolve ─> store ─> report
//! (.jsonl/.csv)        (.jsonl)   (HTTP)    (.jsonl)  (fuzzy)   (SQLite)  (text, JSON, HTML)
//! ```
//!
//! Arrows point down and never in a circle:
//! `command -> workflow -> {intake request answer report} -> {resolve profile store sandbox} -> {openai model error
//! config terminal}`.
//!
//! What must not exist: SQL outside `store`, HTTP outside `openai` and `sandbox`, printing outside `terminal`, reading
//! of the environment or the clock outside `config`, and any I/O at all in the pure rooms (`model`, `profile`,
//! `request`, `answer`, `resolve`), which take values and return values.

pub mod cli;
pub mod command;
pub mod workflow;

pub mod intake;
pub mod profile;
pub mod request;
pub mod answer;
pub mod resolve;
pub mod report;

pub mod openai;
pub mod sandbox;
pub mod store;

pub mod model;

pub mod config;
pub mod error;
pub mod interrupt;
pub mod terminal;
