//! `gleaner profile topics`: a profile's text with a list of topics to choose from.

use std::collections::HashSet;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::profile::TopicsArgs;
use crate::command::profile_text::{find, write};
use crate::command::{Context, input};
use crate::error::{Exit, Explain as _, not_found, usage};
use crate::model::Kind;
use crate::profile::{self, Allowed, Profile, PromptOptions};
use crate::report::csv::plain;
use crate::request::tokens;
use crate::store::explore::Period;
use crate::terminal::words;
use crate::text::separator::separator;
use crate::text::{topic_key, visible};

/// A file larger than this is no list of topics.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Names that the column of the topics may have.
const HEADS: [&str; 6] = ["topic", "label", "name", "term", "preferred", "target"];

/// Runs the command.
pub(super) fn run(args: &TopicsArgs, context: &Context) -> anyhow::Result<Exit> {
    let text = find(args.profile.as_deref(), context)?;
    let before = Profile::parse(&text)?;
    let allowed = if args.none { None } else { Some(list(args, context)?) };
    if let (Some(path), true) = (&args.from, allowed.as_ref().is_some_and(|allowed| allowed.topics.is_empty())) {
        return Err(usage(format!("`{}` names no topic", path.display())))
            .hint("a file has one topic a line, or is a table with a column `topic`");
    }
    if let Some(problem) = allowed.as_ref().and_then(|allowed| allowed.problems().into_iter().next()) {
        return Err(usage(&problem.message)).hint(match (args.only, &args.from) {
            (true, None) => {
                "`--min-groups N` leaves out rare ones; without `--only` the list stands in the instructions"
            }
            (true, Some(_)) => "without `--only` the list stands in the instructions",
            (false, None) => "`--min-groups N` leaves out rare ones",
            (false, Some(_)) => "leave it out of the file",
        });
    }
    let new = profile::with_allowed(&text, allowed.as_ref());
    let new = new
        .context("the profile has a list that was written by hand")
        .exit(Exit::Usage)
        .hint("change `allowed` in its text, or write it as a table `[topic.allowed]`")?;
    if new.len() as u64 > input::PROFILE_BYTES_MAX {
        let max = words::bytes(input::PROFILE_BYTES_MAX);
        return Err(usage(format!("the profile would be larger than {max}, and none so large is read")))
            .hint("leave out those that few groups have");
    }
    write(&new, args.output.as_deref(), context)?;
    let after = Profile::parse(&new)?;
    let n_tokens = prompt_tokens(&after)?.saturating_sub(prompt_tokens(&Profile { allowed_topics: None, ..before })?);
    if let (true, Some(path)) = (context.terminal.is_json(), &args.output) {
        let (n, in_schema) = allowed.as_ref().map_or((0, false), |a| (a.topics.len(), a.is_in_schema()));
        context.terminal.json(&json!({"file": path, "topics": n, "in_schema": in_schema, "tokens": n_tokens}))?;
    }
    if let Some(allowed) = &allowed {
        let place = if allowed.is_in_schema() { "the schema" } else { "the instructions" };
        context.terminal.status(format!(
            "{} to choose from in {place}: about {} more in each request about topics",
            words::count(allowed.topics.len() as u64, "topic"),
            words::count(n_tokens, "token"),
        ));
    }
    if let Some(path) = &args.output {
        context.terminal.hint(format!("`gleaner profile use {}` asks with it from then on", path.display()));
    }
    Ok(Exit::Done)
}

/// Returns about how many tokens stand before each story.
fn prompt_tokens(profile: &Profile) -> anyhow::Result<u64> {
    let prompt = profile::make_prompt(profile, Kind::Topic, &PromptOptions::default())?;
    Ok(tokens::estimate(&prompt.instructions) + tokens::estimate(&prompt.schema.to_string()))
}

/// Returns the topics of the file that was named, or those of the database, in alphabetical order.
fn list(args: &TopicsArgs, context: &Context) -> anyhow::Result<Allowed> {
    let mut topics = match &args.from {
        Some(path) => {
            let text = input::text_or_stdin(path, FILE_BYTES_MAX)?;
            read(&text).with_context(|| format!("cannot read `{}`", path.display()))?
        }
        None => known(args.min_groups, context)?,
    };
    let mut seen = HashSet::new();
    topics.retain(|topic| !topic.is_empty() && seen.insert(topic_key(topic)));
    topics.sort_by_cached_key(|topic| (topic_key(topic), topic.clone()));
    Ok(Allowed { topics, others: !args.only })
}

/// Returns the topics that so many groups have, as they are shown.
fn known(min_groups: u64, context: &Context) -> anyhow::Result<Vec<String>> {
    let store = context.open()?;
    context.say_rehearsed(&store)?;
    let (topics, total) = store.read().top_topics(&Period::default(), None, i64::MAX as u64)?;
    let frequent = topics.into_iter().take_while(|topic| topic.groups >= min_groups).map(|topic| visible(&topic.label));
    let (topics, too_long): (Vec<String>, Vec<String>) = frequent.partition(|topic| Allowed::takes(topic));
    if !too_long.is_empty() {
        let n = words::count(too_long.len() as u64, "topic");
        context.terminal.status(format!("{n} left out, too long for a list"));
    }
    if topics.is_empty() {
        let error = Err(not_found(match total {
            0 => "no group has a topic yet".into(),
            n => {
                format!("none of {} stands in {} or more", words::count(n, "topic"), words::count(min_groups, "group"))
            }
        }));
        return error.hint(match total {
            0 => "`gleaner batch create --wait` asks for topics; `--from FILE` takes a list of your own",
            _ => "`--from FILE` takes a list of your own, `--min-groups 1` every topic that there is",
        });
    }
    Ok(topics)
}

/// Reads a list: a topic a line, or the column of a table that is called so. A line that may be meant otherwise is refused:
/// half of a topic is another one, and each request would be paid for with it.
fn read(text: &str) -> anyhow::Result<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let separator = separator(text.as_bytes());
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let (mut column, mut n_cells) = (None, 1);
    let mut topics = vec![];
    for row in reader.records() {
        let row = row.map_err(|error| usage(error.to_string()))?;
        let line = row.position().map_or(1, csv::Position::line);
        let at = match column {
            Some(at) => at,
            None => {
                if row.iter().any(|cell| cell.trim().eq_ignore_ascii_case("verdict")) {
                    return Err(usage("these are decisions about topics, and some of them are none any more")).hint(
                        "`gleaner topics import` takes them; without `--from` the topics of the database are taken as decided",
                    );
                }
                let found =
                    HEADS.iter().find_map(|head| row.iter().position(|cell| cell.trim().eq_ignore_ascii_case(head)));
                column = Some(found.unwrap_or(0));
                if found.is_some() {
                    n_cells = row.len();
                    continue;
                }
                0
            }
        };
        let n_filled = (1..=row.len()).rev().find(|n| !row[n - 1].trim().is_empty()).unwrap_or(0);
        if n_filled > n_cells {
            let than =
                if n_cells == 1 { "has several cells, and one is the topic" } else { "has more cells than the head" };
            return Err(usage(format!("line {line} {than}"))).hint(
                "put a topic with a comma, a semicolon or a tab between quotes, or name a table's column `topic` in its first line",
            );
        }
        let topic = row.get(at).unwrap_or_default();
        let json = serde_json::from_str::<serde_json::Value>(topic);
        if json.is_ok_and(|value| value.is_object() || value.is_array()) {
            return Err(usage(format!("line {line} is JSON")))
                .hint("a file has one topic a line, or is a table with a column `topic`");
        }
        if topic.trim().contains(['\n', '\r']) {
            return Err(usage(format!("the topic on line {line} goes over several lines")))
                .hint("a quote at its beginning is not closed");
        }
        topics.push(visible(plain(topic)));
    }
    Ok(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_lines_and_tables() {
        let check = |text: &str, expected: &[&str]| assert_eq!(read(text).unwrap(), expected, "{text}");
        check("trade\nMoon  \u{202e}landing\n", &["trade", "Moon landing"]);
        check("\u{feff}id;Label;groups\n1;Trade;3\n2;\"a; b\";1\n", &["Trade", "a; b"]);
        check("groups,topic\n3,'=sum\n1\n", &["=sum", ""]);
        check("", &[]);
        check("trade,\n\"trade, foreign\"\n", &["trade", "trade, foreign"]);
        check("topic,\nmoon,,\n", &["moon"]);
        for (text, expected) in [
            ("topic,verdict,target\na,is,b\n", "these are decisions"),
            ("moon\ntrade, foreign\ntrade, domestic\n", "line 2 has several cells"),
            ("Thema;Zahl\nMond;3\n", "line 1 has several cells"),
            ("topic\nmoon\ntrade, foreign\n", "line 3 has several cells"),
            ("topic,groups\ntrade, foreign,3\n", "line 2 has more cells than the head"),
            ("{\"topic\":\"moon\"}\n", "line 1 is JSON"),
            ("moon\n[\"trade\"]\n", "line 2 is JSON"),
            ("moon\n\"trade\nsport\n", "the topic on line 2 goes over several lines"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
