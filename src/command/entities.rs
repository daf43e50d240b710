//! `gleaner entities …`: who and what the groups name.

use serde_json::json;

use crate::cli::explore::EntitiesArgs;
use crate::cli::page::SortArg;
use crate::command::Context;
use crate::command::copies::distinct;
use crate::command::known_types::check_catalog_types;
use crate::command::named::entity_named;
use crate::command::page::{Key, Page, key_of_group};
use crate::command::period::{among, check_names, period, say_if_none};
use crate::command::shown::{
    Selected, day, days, hint_if_empty, percent, say_what_is_shown, show_series, show_steps, step, title,
};
use crate::error::Exit;
use crate::explore::time::Axis;
use crate::store::Store;
use crate::store::explore::Namesake;
use crate::terminal::table::{Side, Table, bar};
use crate::terminal::{style, words};

/// Spellings and companions shown of an entity.
const FEW: u32 = 8;

/// Runs the command.
pub(super) fn run(args: &EntitiesArgs, context: &Context) -> anyhow::Result<Exit> {
    match &args.name {
        Some(name) => one(name, args, context),
        None => top(args, context),
    }
}

fn top(args: &EntitiesArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    check_catalog_types(store.read(), &args.types)?;
    let read = store.read();
    let period = period(&args.period)?;
    let page = Page::new(&args.page, &[SortArg::Count, SortArg::Name, SortArg::Type, SortArg::Id])?;
    let among = among(&store, &args.topic, &[], &period, context)?;
    let (top, total) = read.top_entities(&period, among.as_ref(), &args.types, page.n_read())?;
    let top = page.of(top, |row, sort| match sort {
        SortArg::Name => Key::word(&row.entity.name),
        SortArg::Type => Key::word(&row.entity.entity_type),
        SortArg::Id => Key::word(row.entity.id.as_str()),
        _ => Key::count(row.groups),
    });
    let terminal = &context.terminal;
    if let Some(typed) = args.by {
        let series = top.iter().map(|row| Ok(days(&read.dates_of_entity(row.entity.key, &period, among.as_ref())?)));
        let rows = top.iter().map(|row| (row, row.groups, style::single_line(&row.entity.name)));
        return show_series(
            terminal,
            "entities",
            step(typed),
            rows,
            &series.collect::<anyhow::Result<Vec<_>>>()?,
            total,
        );
    }
    if terminal.is_json() {
        terminal.json(&json!({"entities": top, "total": total}))?;
        return Ok(Exit::Done);
    }
    let most = top.first().map_or(0, |row| row.groups);
    let heads =
        [("groups", Side::Right), ("", Side::Whole), ("entity", Side::Left), ("type", Side::Left), ("id", Side::Whole)];
    let mut table = Table::new(&heads);
    for row in &top {
        table.row([
            words::number(row.groups),
            style::cyan(bar(row.groups, most, terminal.bar_width())),
            style::single_line(&row.entity.name),
            style::single_line(&row.entity.entity_type),
            style::dim(style::single_line(row.entity.id.as_str())),
        ]);
    }
    terminal.table(&table, 0)?;
    terminal.status(format!("{} of {}", page.shown(top.len() as u64), words::count(total, "linked entity")));
    if total == 0 {
        say_if_none(&store, &args.period, &period, context)?;
    }
    hint_if_empty(context, &store)?;
    Ok(Exit::Done)
}

fn one(name: &str, args: &EntitiesArgs, context: &Context) -> anyhow::Result<Exit> {
    let store = distinct(context.open_grounded(&args.grounding)?, &args.distinct, context)?;
    check_names(&store, &args.period.conditions)?;
    check_catalog_types(store.read(), &args.types)?;
    let found = entity_named(&store, name, &args.types, context)?;
    let mut shown = vec![];
    for (i, namesake) in found.iter().enumerate() {
        if i > 0 && !context.terminal.is_json() {
            context.terminal.line("")?;
        }
        shown.push(show(&store, namesake, args, context)?);
    }
    if context.terminal.is_json() {
        context.terminal.json(&json!({"entities": shown}))?;
    }
    Ok(Exit::Done)
}

fn show(
    store: &Store,
    namesake: &Namesake,
    args: &EntitiesArgs,
    context: &Context,
) -> anyhow::Result<serde_json::Value> {
    let read = store.read();
    let key = namesake.entity.key;
    let entity = read.entity(key)?;
    let period = period(&args.period)?;
    let page = Page::new(&args.page, &[SortArg::Date, SortArg::Name, SortArg::Id, SortArg::Score])?;
    let among = among(store, &args.topic, &[], &period, context)?;
    let all = read.entity_count(key)?;
    let is_whole = period.is_always() && among.is_none();
    let n = if is_whole { all } else { read.n_groups_of_entity(key, &period, among.as_ref())? };
    let total = Selected { n, all };
    let n_read = if among.is_some() { i64::MAX as u64 } else { page.n_read() };
    let mut groups = read.groups_of_entity(key, &period, n_read)?;
    if let Some(among) = &among {
        groups.retain(|row| among.has(row.group.key.0));
    }
    let mut groups = page.of(groups, |row, sort| match sort {
        SortArg::Score => Key::Number(row.score),
        sort => key_of_group(&row.group, sort),
    });
    let counts = match args.by {
        None => None,
        Some(typed) => {
            let days = days(&read.dates_of_entity(key, &period, among.as_ref())?);
            Some(Axis::new(step(typed), days.iter().map(|(day, _)| *day)).counts(&days))
        }
    };
    let spellings = read.spellings_of(key, FEW)?;
    let companions = read.companions_of(key, FEW)?;
    let terminal = &context.terminal;
    if terminal.is_json() {
        read.add_stories(groups.iter_mut().map(|row| &mut row.group))?;
        let mut shown = json!({
            "entity": entity, "total": total.n, "groups": groups, "spellings": spellings, "companions": companions,
        });
        if let (Some(typed), Some(counts)) = (args.by, counts) {
            shown["by"] = json!(step(typed));
            shown["counts"] = json!(counts);
        }
        return Ok(shown);
    }
    let Some(entity) = entity else { return Ok(serde_json::Value::Null) };
    terminal.line(format!(
        "{}  {}  {}",
        style::bold(style::single_line(&entity.name)),
        style::dim(format!("{} {}", style::single_line(&entity.entity_type), style::single_line(entity.id.as_str()))),
        style::dim(total.words())
    ))?;
    let fact = |label: &str, values: Vec<String>| -> anyhow::Result<()> {
        let values: Vec<String> = values.iter().map(|value| style::single_line(value)).collect();
        if values.is_empty() { Ok(()) } else { terminal.line(format!("  {label:11} {}", values.join(" · "))) }
    };
    let aliases = entity.aliases.len();
    let mut shown: Vec<String> = entity.aliases.into_iter().take(FEW as usize).collect();
    if aliases > shown.len() {
        shown.push(format!("and {} more", aliases - shown.len()));
    }
    fact("also called", shown)?;
    fact("known", entity.attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect())?;
    fact("written", spellings.iter().map(|s| format!("{} ({})", s.mention, s.mentions)).collect())?;
    fact("beside", companions.iter().map(|c| format!("{} ({})", c.entity.name, c.groups)).collect())?;
    if let Some(counts) = counts {
        show_steps(terminal, &counts)?;
        return Ok(serde_json::Value::Null);
    }
    if groups.is_empty() {
        say_if_none(store, &args.period, &period, context)?;
        return Ok(serde_json::Value::Null);
    }
    let heads = [
        ("", Side::Whole),
        ("date", Side::Whole),
        ("group", Side::Left),
        ("mention", Side::Left),
        ("", Side::Whole),
        ("", Side::Whole),
    ];
    let mut table = Table::new(&heads);
    for row in &groups {
        table.row([
            if row.is_primary { style::green("●") } else { style::dim("○") },
            day(row.group.at.as_deref()),
            title(&row.group),
            style::single_line(&row.mention),
            style::dim(format!("{} {}", style::single_line(&row.method), percent(row.score))),
            style::dim(style::single_line(row.group.id.as_str())),
        ]);
    }
    terminal.table(&table, 0)?;
    say_what_is_shown(context, groups.len() as u64, page, total.n);
    Ok(serde_json::Value::Null)
}
