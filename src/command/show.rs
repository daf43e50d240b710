//! `gleaner show GROUP`: a group with all that was learned of it.

use serde_json::json;

use crate::cli::explore::ShowArgs;
use crate::command::Context;
use crate::command::excerpt::{Mark, mark, places};
use crate::command::explained::explain;
use crate::command::named::group_named;
use crate::command::shown::{day, percent, title};
use crate::error::Exit;
use crate::linking;
use crate::model::{Attributes, Grounding, Group, Kind, Place};
use crate::store::NearCopy;
use crate::store::explore::{AnswerHead, MentionRow};
use crate::terminal::table::{Side, Table, wrap};
use crate::terminal::{Terminal, style, words};

/// Runs the command.
pub(super) fn run(args: &ShowArgs, context: &Context) -> anyhow::Result<Exit> {
    let mut store = context.open_learned()?;
    if args.explain {
        linking::refresh_if_useless(&mut store)?;
    }
    let key = group_named(&store, &args.group)?;
    let read = store.read();
    let Some(row) = read.group(key)? else { return Ok(Exit::Failed) };
    let (topics, mentions, answers) = (read.topics_of(key)?, read.mentions_of(key)?, read.answers_of(key)?);
    let (cost, n_answers) = read.cost_of_group(key)?;
    let explanations = if args.explain { explain(&store, &mentions)? } else { vec![] };
    let places = Places::find(&row.group, &mentions);
    // `gleaner copies` looks for them; before that nothing is known.
    let mut copies = if read.has_near_copies()? { Some(read.near_copies_of(key)?) } else { None };
    read.add_stories(copies.iter_mut().flatten().map(|copy| &mut copy.group))?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        let entities: Vec<_> = mentions
            .iter()
            .zip(&places.0)
            .map(|(mention, places)| {
                let mut value = serde_json::to_value(mention)?;
                value["places"] = places
                    .iter()
                    .map(|(story, at)| json!({"story": story + 1, "start": at.start, "end": at.end}))
                    .collect();
                Ok(value)
            })
            .collect::<serde_json::Result<_>>()?;
        let mut entities: Vec<serde_json::Value> = entities;
        for (entity, explanation) in entities.iter_mut().zip(&explanations) {
            entity["explanation"] = explanation.json();
        }
        let mut value = json!({
            "group_id": row.group.id, "title": row.group.title, "status": row.group.status,
            "created_at": row.group.date(), "topics": topics, "entities": entities, "answers": answers,
            "cost_usd": cost, "n_billed_answers": n_answers, "near_copies": copies,
        });
        if !args.no_text {
            let story = |story| {
                let mut value = serde_json::to_value(story)?;
                value["title"] = row.group.title_of(story).into();
                Ok(value)
            };
            value["stories"] = row.group.stories.iter().map(story).collect::<serde_json::Result<_>>()?;
        }
        terminal.json_whole(&value)?;
        return Ok(Exit::Done);
    }
    let title = row.group.title.as_deref().map(style::single_line).unwrap_or_else(|| "(no title)".into());
    terminal.line(style::bold(title))?;
    let mut facts = vec![style::single_line(row.group.id.as_str()), day(row.group.date())];
    facts.push(words::count(row.group.stories.len() as u64, "story"));
    if row.group.status != Group::ACTIVE {
        facts.push(style::single_line(&row.group.status));
    }
    facts.retain(|fact| !fact.is_empty());
    terminal.line(style::dim(facts.join("  ")))?;
    if !topics.is_empty() {
        terminal.line(format!("\n{}", style::bold("Topics")))?;
        let mut table = Table::new(&[("", Side::Right), ("", Side::Left), ("", Side::Right), ("", Side::Left)]);
        for topic in &topics {
            let merged_from = topic.merged_from.as_deref().map(style::single_line);
            let merged_from = merged_from.map(|written| style::dim(format!("merged from: {written}")));
            table.row([
                topic.rank.to_string(),
                style::single_line(&topic.label),
                percent(topic.confidence),
                merged_from.unwrap_or_default(),
            ]);
        }
        terminal.table(&table, 2)?;
    }
    if !mentions.is_empty() {
        terminal.line(format!("\n{}", style::bold("Entities")))?;
        terminal.table(&entities(&mentions, &places), 2)?;
    }
    if !explanations.is_empty() {
        terminal.line(format!("\n{}", style::bold("Why")))?;
        explanations
            .iter()
            .zip(&mentions)
            .try_for_each(|(explanation, mention)| explanation.show(mention, terminal))?;
    }
    for answer in &answers {
        if answer.kind == answers[0].kind {
            terminal.line(format!("\n{}", style::bold("Answers")))?;
        }
        terminal.line(source(answer))?;
    }
    if n_answers > answers.len() as u64 {
        terminal
            .line(style::dim(format!("  all {n_answers} billed answers of this group: {}", words::dollars(cost))))?;
    }
    if !args.no_text {
        stories(terminal, &row.group, &mentions, &places)?;
    }
    near_copies(terminal, copies.as_deref().unwrap_or_default())?;
    if answers.is_empty() {
        terminal.hint("this group was not asked about yet, or its answers are not usable: `gleaner progress`");
    }
    Ok(Exit::Done)
}

/// Place of each mention: story by story.
struct Places(Vec<Vec<(usize, std::ops::Range<usize>)>>);

impl Places {
    fn find(group: &Group, mentions: &[MentionRow]) -> Self {
        let of = |mention: &MentionRow| {
            let stories = group.stories.iter().enumerate();
            let all = || mentions.iter().map(|mention| mention.text.as_str());
            stories
                .flat_map(|(i, s)| places(&s.text, &mention.text, all()).into_iter().map(move |at| (i, at)))
                .collect()
        };
        Self(mentions.iter().map(of).collect())
    }

    /// Says it in a few words: `story 1 ×2, 3`.
    fn words(&self, mention: usize) -> String {
        let mut stories: Vec<(usize, usize)> = vec![];
        for (story, _) in &self.0[mention] {
            match stories.last_mut() {
                Some((last, n)) if last == story => *n += 1,
                _ => stories.push((*story, 1)),
            }
        }
        let parts: Vec<String> = stories
            .iter()
            .map(|(story, n)| if *n > 1 { format!("{}×{n}", story + 1) } else { (story + 1).to_string() })
            .collect();
        parts.join(", ")
    }
}

fn entities(mentions: &[MentionRow], places: &Places) -> Table {
    let left = |head| (head, Side::Left);
    let heads = [
        ("", Side::Right),
        left("mention"),
        left("is"),
        left("type"),
        ("how", Side::Whole),
        left("story"),
        ("id", Side::Spare),
    ];
    let mut table = Table::new(&heads);
    for (i, mention) in mentions.iter().enumerate() {
        let text = style::single_line(&mention.text);
        let entity = mention.entity.as_ref();
        table.row([
            mention.rank.to_string(),
            if mention.is_primary { style::bold(text) } else { text },
            match entity {
                Some(entity) => style::green(style::single_line(&entity.name)),
                None => style::yellow(mention.outcome.as_str()),
            },
            style::single_line(entity.map_or(&mention.entity_type, |entity| &entity.entity_type)),
            match entity {
                Some(_) => format!("{} {}", style::single_line(&mention.method), percent(mention.score)),
                None => hints(&mention.hints),
            },
            match (places.0[i].is_empty(), mention.grounding, mention.place) {
                (false, ..) => places.words(i),
                (true, Some(Grounding::Ungrounded), _) => style::yellow("ungrounded"),
                (true, Some(_), Some(Place { story: Some(story), in_title: false, .. })) => format!("{story} (nearly)"),
                (true, Some(_), Some(_)) => style::dim("title"),
                // Not looked for, or in words of its own.
                (true, ..) => style::dim("-"),
            },
            entity.map(|entity| style::dim(style::single_line(entity.id.as_str()))).unwrap_or_default(),
        ]);
    }
    table
}

fn hints(hints: &Attributes) -> String {
    let parts: Vec<String> = hints
        .iter()
        .map(|(name, value)| format!("{}: {}", style::single_line(name), style::single_line(value)))
        .collect();
    style::dim(parts.join(", "))
}

fn source(answer: &AnswerHead) -> String {
    let what = match answer.kind {
        Kind::Topic => "topics",
        Kind::Entity => "entities",
    };
    let text =
        |text: &Option<String>, otherwise: &str| text.as_deref().map_or(otherwise.to_owned(), style::single_line);
    let mut line = format!(
        "  {what:8}  {}  {}  {}",
        text(&answer.model, "unknown model"),
        text(&answer.batch_id, if answer.is_by_hand { "by hand" } else { "asked directly" }),
        text(&answer.answered_at, "")
    );
    if answer.sandbox {
        line.push_str("  sandbox");
    }
    if let Some(asked) = &answer.shared_with {
        line.push_str(&format!("  shared: `{}` has the same text and was asked", style::single_line(asked.as_str())));
    } else if let Some(cost) = answer.cost_usd.filter(|_| !answer.sandbox) {
        line.push_str(&format!("  {}", words::dollars(cost)));
    }
    line
}

/// Shows which stories are nearly the same as those of the group.
fn near_copies(terminal: &Terminal, copies: &[NearCopy]) -> anyhow::Result<()> {
    if copies.is_empty() {
        return Ok(());
    }
    terminal.line(format!("\n{}", style::bold("Near copies")))?;
    let heads =
        [("story", Side::Right), ("alike", Side::Right), ("date", Side::Left), ("group", Side::Left), ("", Side::Left)];
    let mut table = Table::new(&heads);
    for copy in copies {
        table.row([
            copy.story.to_string(),
            percent(copy.resemblance),
            day(copy.group.at.as_deref()),
            format!("{}, story {}", title(&copy.group), copy.copy_story),
            style::dim(style::single_line(copy.group.id.as_str())),
        ]);
    }
    terminal.table(&table, 2)
}

fn stories(terminal: &Terminal, group: &Group, mentions: &[MentionRow], places: &Places) -> anyhow::Result<()> {
    // Lines longer than this are hard to read.
    let width = terminal.width().min(100);
    for (i, story) in group.stories.iter().enumerate() {
        let title = group.title_of(story).map(style::single_line).unwrap_or_default();
        let heading = format!("\n{} {}", style::dim(format!("{}.", i + 1)), style::bold(title));
        terminal.line(heading.trim_end())?;
        let at = [day(story.published_at.as_deref()), story.url.as_deref().map(style::single_line).unwrap_or_default()];
        if at.iter().any(|fact| !fact.is_empty()) {
            terminal.line(style::dim(at.join("  ").trim()))?;
        }
        let mut marks: Vec<(_, Mark)> = vec![];
        for (mention, places) in mentions.iter().zip(&places.0) {
            let style: Mark =
                if mention.entity.is_some() { |word| style::green(word) } else { |word| style::yellow(word) };
            marks.extend(places.iter().filter(|(story, _)| *story == i).map(|(_, at)| (at.clone(), style)));
        }
        for line in wrap(&mark(&story.text, marks), width) {
            terminal.line(line)?;
        }
    }
    Ok(())
}
