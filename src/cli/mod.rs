//! Every clap type and help text; no behavior.
//!
//! One file a family of commands. What is typed here is not yet resolved: `command` turns it into plain options. The
//! flags of the original program stand in [`original`].

#![allow(rustdoc::bare_urls, rustdoc::invalid_rust_codeblocks, reason = "doc comments here are help texts first")]

pub mod load;
pub mod models;
pub mod batch;
pub mod catalog;
pub mod config;
pub mod costs;
pub mod demo;
mod examples;
pub mod extract;
pub mod explore;
pub mod topics;
pub mod unresolved;
pub mod original;
pub mod page;
pub mod sandbox;
pub mod profile;
pub mod resolve;
pub mod select;
pub mod spend;
pub mod sql;
pub mod subjects;
pub mod shell;
pub mod upkeep;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
pub use values::WhereArg;
use values::{parse_where, share, usd, with_negative_numbers};

use crate::error::{hinted, usage};
use crate::terminal::ColorChoice;

/// Turn a pile of news stories into linked knowledge
///
/// gleaner keeps groups of news stories in one SQLite file, asks a language model
/// for the topics and entities of each group through the OpenAI Batch API at half
/// the price, links every mention to your own catalog, and never asks or pays
/// twice for the same thing.
///
/// A first session:
///
///     gleaner demo                              try it without a key or a network
///     gleaner load groups stories.jsonl         your stories
///     gleaner load entities catalog.jsonl       your catalog, if you have one
///     gleaner batch create --dry-run            what it would ask, and what that would cost
///     gleaner batch create --wait               ask, wait, import
///     gleaner progress                          where the whole collection stands
///
/// `gleaner help COMMAND` explains a command, and `gleaner help batches`, `costs`, `linking`,
/// `formats` or `json` a subject.
#[derive(Debug, Parser)]
#[command(name = "gleaner", version, max_term_width = 100, verbatim_doc_comment, arg_required_else_help = true)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,

    /// The flags of the original program.
    #[command(flatten)]
    pub original: original::OriginalArgs,

    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What holds for every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Database file [default: $GLEANER_DB, else gleaner/gleaner.db in your data directory]
    #[arg(long, value_name = "PATH", global = true)]
    pub db: Option<PathBuf>,

    /// Configuration file [default: $GLEANER_CONFIG, else gleaner/config.toml in your configuration directory]
    #[arg(long, value_name = "PATH", global = true)]
    pub config: Option<PathBuf>,

    /// Read variables that the environment does not set from a file of NAME=value lines
    #[arg(long, value_name = "FILE", global = true)]
    pub env_file: Option<PathBuf>,

    /// Base URL of the provider [default: $OPENAI_BASE_URL, else https://api.openai.com/v1]
    #[arg(long, value_name = "URL", global = true)]
    pub base_url: Option<String>,

    /// Write each call of the provider to the end of this file: time, address, status, request id, no secrets
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,

    /// Show what a sandbox answered also beside real answers
    #[arg(long, global = true)]
    pub rehearsal: bool,

    /// Print the result as JSON
    #[arg(long, global = true)]
    pub json: bool,

    /// Print the items of a list as JSON Lines, one a line
    #[arg(long, global = true, conflicts_with = "json")]
    pub jsonl: bool,

    /// Show a list that is longer than the screen without a pager ($GLEANER_PAGER, else $PAGER, else less)
    #[arg(long, global = true)]
    pub no_pager: bool,

    /// Say nothing but warnings and errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// When to use color [default: auto]
    #[arg(long, value_name = "WHEN", global = true)]
    pub color: Option<ColorChoice>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try the whole job on a bundled collection, without a key or a network
    ///
    /// Makes a folder, loads the collection, starts the sandbox on 127.0.0.1, asks it through the real path and shows what
    /// was learned.
    Demo(demo::DemoArgs),

    /// Load story groups and the catalog from files
    #[command(subcommand)]
    Load(load::LoadCommand),

    /// See, choose and check what is asked: prompts, types, model
    #[command(subcommand)]
    Profile(profile::ProfileCommand),

    /// Ask through the Batch API: create, watch, import, list, cancel
    #[command(subcommand)]
    Batch(batch::BatchCommand),

    /// Ask without a batch: each request answered at once, at the full price, or by a model of your own
    ///
    /// The same requests, the same ledger: what is answered is not asked again. Answers are saved as they come, so an
    /// interrupted run goes on where it was. Works with every server that speaks the OpenAI API, such as Ollama,
    /// llama.cpp, vLLM or LM Studio: name it with --base-url; on this machine no key is needed.
    Extract(extract::ExtractArgs),

    /// Ask the same groups in two ways, and see what each finds and costs
    ///
    /// Two models, prompts or settings, side by side on a sample: topics, entities, agreement, unusable answers, tokens
    /// and cost, projected to the whole collection. The answers stay apart from the collection's own until --adopt.
    Compare(extract::CompareArgs),

    /// Show where the whole collection stands
    #[command(verbatim_doc_comment)]
    Progress(explore::GroundingArgs),

    /// Show what was billed, by month, model or run
    ///
    /// The sums are those of the answers, each at the price of its day; beside them stand the tokens that the provider
    /// itself counted for its batches. What a sandbox answered costs nothing and is left out.
    Costs(costs::CostsArgs),

    /// List the models: prices, until when they are there, and what this selection would cost with each
    ///
    /// The costs are for what `batch create` with the same selection would send, in a batch and at once; the tokens are those
    /// of past answers where there are some. --check asks the provider which models it offers to this key.
    Models(models::ModelsArgs),

    /// Show a group: its topics and entities, where they stand in the stories, what they cost
    Show(explore::ShowArgs),

    /// List the most frequent topics, the groups of one, or make one topic of several
    Topics(topics::TopicsArgs),

    /// List the most frequent entities, or one with the groups that name it
    Entities(explore::EntitiesArgs),

    /// Show what rises: topics, entities and pairs that the latest groups name more often than those before
    ///
    /// A window of time, up to the last group, is compared with everything before it. How surprising a rise is tells G², the
    /// log-likelihood ratio of the two shares; a pair is listed when its two never stood together before.
    Trends(explore::TrendsArgs),

    /// Find groups by words in their stories, titles, topics and names
    ///
    /// The first search makes the full-text index; later ones only read what has changed.
    Search(explore::SearchArgs),

    /// List stories that are nearly the same: wire copies, reprints, updates of a story
    ///
    /// Stories with three of five of their four-word phrases in common are near copies. `--distinct` of `topics`,
    /// `entities`, `trends`, `search`, `export` and `report` counts them once.
    Copies(explore::CopiesArgs),

    /// List the groups related to one, by shared topics and entities, the rarer the better
    Related(explore::RelatedArgs),

    /// Edit the catalog: list, change, merge, find duplicates, propose entities
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),

    /// List the mentions that are not linked, and decide about them
    Unresolved(unresolved::UnresolvedArgs),

    /// Judge a sample of links or topics, and learn how far the result can be trusted
    ///
    /// Draws a seeded sample, stratified by method and score, shows each item in its text and takes right, wrong or
    /// unsure. Prints precision with a 95 % confidence interval, overall, by type and by method. A wrong link becomes a
    /// decision that holds from then on.
    Audit(explore::AuditArgs),

    /// Write one HTML page with everything that was learned, to open from disk
    ///
    /// Numbers, topics, entities, time, a graph of who stands with whom, a page for each entity and a card for each
    /// group. It needs no network and asks for nothing from outside.
    Report(explore::ReportArgs),

    /// Write what was learned as a table or a graph: JSON Lines, CSV, GraphML, GEXF or Cypher
    ///
    /// Text goes out as it was loaded, so the titles of groups and stories keep characters that show nothing (direction
    /// marks, zero-width characters, tags) and whatever a page or a terminal would obey: who shows it must escape it. Names
    /// of mentions, topics and entities were cleaned of what shows nothing. Each format quotes what is special in it, and
    /// CSV puts an apostrophe before what a spreadsheet would take for a formula. `groups` as JSON Lines and `stories` hold the
    /// stories' texts, unless `--no-text` leaves them out; no other rows and no graph do.
    Export(explore::ExportArgs),

    /// Try the linking of a mention, or do it again for the whole database, offline
    ///
    /// Prints which entity of the catalog a mention is, how sure that is, and why:
    ///
    ///     gleaner resolve "P. Mahomes" --type player --hint team=KC --explain
    ///     gleaner resolve --file mentions.jsonl > answers.jsonl
    ///     gleaner resolve --all                    after the catalog or a decision changed
    #[command(verbatim_doc_comment)]
    Resolve(resolve::ResolveArgs),

    /// Read every kept answer again and link it anew, offline
    ///
    /// Topics, mentions and links are made again from the answers' texts in the ledger, in one transaction. Nothing is
    /// asked and nothing is paid. Useful after an upgrade or a change of the catalog.
    Rebuild,

    /// Ask the database a question of your own in SQL; it is only read, whatever the statement says
    ///
    ///     gleaner sql "SELECT type, count(*) FROM entities GROUP BY type"
    ///     gleaner sql --format csv "SELECT * FROM story_topics_named" > topics.csv
    ///     gleaner sql -p id=g17 "SELECT * FROM story_entities_named WHERE group_id = :id"
    ///     gleaner sql --schema story_entities_named        what a view is made of, with its documentation
    #[command(verbatim_doc_comment)]
    Sql(sql::SqlArgs),

    /// List what changed the database: loads, decisions, edits, merges, imports
    ///
    /// The newest first, each with its id, time and what came of it.
    History(upkeep::HistoryArgs),

    /// Take back the last change of the database, or all since one of `history`
    ///
    /// Loads, decisions, merges, edits and accepted proposals are taken back to the letter, with the links and topics that
    /// followed from them. If one of them cannot be, nothing is: answers that were imported stay, and so does what another
    /// program changed since.
    Undo(upkeep::UndoArgs),

    /// Bring in another copy of this database that went its own way
    ///
    /// Groups, catalog, decisions and the ledger of both are united. Where both changed the same thing, the later change
    /// counts, removals and undone decisions included; of a request the answer asked last. What both have sent and paid is
    /// kept and counted for both, and nothing of it is sent again. Topics, mentions and links are made anew from the
    /// answers. The other copy is only read: merged the other way round, it comes to hold the same.
    Merge(upkeep::MergeArgs),

    /// Forget groups: texts, answers, topics, mentions and ids, overwritten in the file
    ///
    /// It is for good: it cannot be undone, and neither can what was changed before it.
    ///
    /// The ledger keeps state and cost of the requests, without saying whom they were about, so that accounts balance; a
    /// group with the same text that shared the answer keeps it. Request and answer files beside the database that name
    /// the groups are overwritten and removed. Backups and other copies are yours to look after.
    Forget(upkeep::ForgetArgs),

    /// Remove what a sandbox answered
    #[command(subcommand)]
    Rehearsal(upkeep::RehearsalCommand),

    /// Say what is wrong with the database, and which command mends it
    ///
    /// Looks at the file, the schema, references, the ledger's balance, requests that nothing will answer, indexes,
    /// values that cannot be read, files that a crash left behind, and the clock. Exit code 3 if anything is wrong.
    Check(upkeep::CheckArgs),

    /// Copy the database to a file, consistent and compact, also while another gleaner writes
    ///
    /// The copy is read back and checked before it gets its name. To restore it, copy it to the place of the database
    /// while no gleaner runs; --check says whether it is sound.
    Backup(upkeep::BackupArgs),

    /// Show the configuration: each value and where it comes from
    ///
    /// What is typed with a command wins over a variable, a variable over the file, the file over the default.
    Config(config::ConfigArgs),

    /// Keep the key of a provider in a file that only you can read
    ///
    /// Only where you ask for it; the variable OPENAI_API_KEY wins. A key is kept for one host and sent to no other.
    #[command(subcommand)]
    Key(config::KeyCommand),

    /// Run a local server of the provider's API, to rehearse against
    ///
    /// Files, Batches, Responses and Chat Completions on 127.0.0.1. No language model answers: a dictionary reader finds
    /// the catalog's names, and for topics the profile's keywords or the phrases that a text repeats. Nothing leaves the
    /// machine and nothing costs money.
    Sandbox(sandbox::SandboxArgs),

    /// Print the completions of a shell
    ///
    ///     gleaner completions bash > ~/.local/share/bash-completion/completions/gleaner
    ///     gleaner completions zsh > ~/.zfunc/_gleaner            with ~/.zfunc in $fpath
    ///     gleaner completions fish > ~/.config/fish/completions/gleaner.fish
    ///     gleaner completions powershell >> $PROFILE
    #[command(verbatim_doc_comment)]
    Completions(shell::CompletionsArgs),

    /// Print the manual page, or write the pages of all commands to a folder
    ///
    ///     gleaner man | man -l -
    ///     gleaner man --dir ~/.local/share/man/man1
    #[command(verbatim_doc_comment)]
    Man(shell::ManArgs),
}

/// Returns the definition of the command line, with the examples of its pages.
pub fn command() -> clap::Command {
    examples::with_examples(load::with_own_words(with_negative_numbers(Cli::command())))
}

/// Parses a command line. Help is colored as `--color` says, wherever that stands.
pub fn parse(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let is_said = |word: &str| {
        words.contains(&format!("--color={word}").as_str()) || words.windows(2).any(|pair| pair == ["--color", word])
    };
    let color = match () {
        () if is_said("never") => clap::ColorChoice::Never,
        () if is_said("always") => clap::ColorChoice::Always,
        () => clap::ColorChoice::Auto,
    };
    let args = words_left_out(args);
    let matches = command().color(color).try_get_matches_from(&args);
    let matches = matches.map_err(|error| slip_of_command(&args, color).unwrap_or(with_quotes(error)))?;
    Cli::from_arg_matches(&matches)
}

/// Returns what is wrong with `topics mrege a into b`: `topics` takes a topic or a command, so that clap sees a topic, and
/// one too many.
fn slip_of_command(args: &[OsString], color: clap::ColorChoice) -> Option<clap::Error> {
    let at = args.iter().position(|arg| arg == "topics")?;
    let typed = args.get(at + 1)?.to_str()?;
    // Words behind the topic, which are no options.
    let is_more = args.get(at + 2).is_some_and(|arg| !arg.as_encoded_bytes().starts_with(b"-"));
    let meant = topics::near_command(typed).filter(|_| is_more)?;
    let mut command = command().color(color);
    command.build();
    let mut error =
        clap::Error::new(clap::error::ErrorKind::InvalidSubcommand).with_cmd(command.find_subcommand("topics")?);
    error.insert(ContextKind::InvalidSubcommand, ContextValue::String(typed.to_owned()));
    error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![meant]));
    Some(error)
}

/// Tells of a second word where one name was expected that a name of several words stands in quotes.
fn with_quotes(mut error: clap::Error) -> clap::Error {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    let word = match error.kind() {
        clap::error::ErrorKind::UnknownArgument => word(ContextKind::InvalidArg),
        clap::error::ErrorKind::ArgumentConflict => word(ContextKind::InvalidSubcommand),
        _ => None,
    };
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let takes_name = ["[NAME]", "[MENTION]", "[TOPIC]", "<ENTITY>"].iter().any(|name| usage.contains(name));
    if takes_name && word.is_some_and(|word| !word.starts_with('-')) {
        let tip = "a name of several words stands in quotes: \"Sally Ride\"";
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Options before a command that are followed by a value.
const VALUED: [&str; 6] = ["--db", "--base-url", "--config", "--env-file", "--color", "--log"];

/// Lets `-word` of a search be a word that is left out, and no cluster of options: it begins with a minus sign from then on.
fn words_left_out(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_value = |at: usize| VALUED.iter().any(|option| args[at - 1] == *option);
    let is_command = |at: &usize| !args[*at].as_encoded_bytes().starts_with(b"-") && !is_value(*at);
    let Some(at) = (1..args.len()).find(is_command).filter(|at| args[*at] == "search") else { return args };
    for arg in args.iter_mut().skip(at + 1).take_while(|arg| *arg != "--") {
        let Some(word) = arg.to_str().and_then(|arg| arg.strip_prefix('-')) else { continue };
        if !word.starts_with('-') && word.chars().any(|c| !"qvhV".contains(c)) {
            *arg = format!("\u{2212}{word}").into();
        }
    }
    args
}

/// Turns a command line that cannot be read into an error for programs: the first lines of what is said to people.
pub fn mistake(error: &clap::Error) -> anyhow::Error {
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let details: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("tip:")).collect();
    let message = if details.is_empty() { message } else { format!("{message} {}", details.join(", ")) };
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: ").map(str::to_owned));
    match tip {
        Some(tip) => hinted(usage(message), tip),
        None => usage(message),
    }
}
