//! From the options of `load`, as typed, to how files are read.

use crate::cli::load::{DateOrderArg, EntitiesArgs, FilesArgs, FormatArg, GroupsArgs, IdFromArg};
use crate::error::{Explain as _, usage};
use crate::intake::{self, Format, IdFrom, Mapping, Options, Subject, date::Order};
use crate::text::shell_word;

/// Resolves the options of `load groups`.
pub(super) fn of_groups(args: &GroupsArgs) -> anyhow::Result<Options> {
    let mut options = of_files(&args.files, Subject::Groups)?;
    let (mut typed, mapping) = (vec![], &mut options.mapping);
    if let Some(what) = args.id_from {
        (mapping.id_from, typed) = match what {
            IdFromArg::Url => (Some(IdFrom::Url), vec!["--id-from", "url"]),
            IdFromArg::Text => (Some(IdFrom::Text), vec!["--id-from", "text"]),
            IdFromArg::Row => (Some(IdFrom::Row), vec!["--id-from", "row"]),
        };
    }
    if let Some(column) = &args.group_by {
        mapping.group_by = Some(column.clone());
    }
    mapping.date_order = args.date_order.map(|order| match order {
        DateOrderArg::Dmy => Order::DayFirst,
        DateOrderArg::Mdy => Order::MonthFirst,
    });
    options.command = command("groups", &args.files, &typed);
    Ok(options)
}

/// Resolves the options of `load entities`.
pub(super) fn of_entities(args: &EntitiesArgs) -> anyhow::Result<Options> {
    let mut options = of_files(&args.files, Subject::Entities)?;
    options.mapping.entity_type = match args.entity_type.as_deref().map(str::trim) {
        Some("") => return Err(usage("`--type` is empty")),
        given => given.map(str::to_owned),
    };
    let typed: Vec<&str> = args.entity_type.iter().flat_map(|given| ["--type", given.as_str()]).collect();
    options.command = command("entities", &args.files, &typed);
    Ok(options)
}

fn of_files(args: &FilesArgs, subject: Subject) -> anyhow::Result<Options> {
    let encoding = match &args.encoding {
        None => None,
        Some(name) => Some(intake::encoding(name).ok_or_else(|| usage(format!("`{name}` is no encoding"))).hint(
            "the names are those of the web: utf-8, utf-16le, windows-1252, iso-8859-2, shift_jis, gb18030, …",
        )?),
    };
    let delimiter = match &args.delimiter {
        None => None,
        Some(word) => Some(intake::delimiter(word).ok_or_else(|| {
            usage(format!("`--delimiter {word}`: a single ASCII character is meant, or `tab`, `pipe`, `space`"))
        })?),
    };
    let mut columns = vec![];
    for (typed, column) in &args.map {
        let field = intake::field(typed, subject).map_err(|meant| {
            let noun = if subject == Subject::Groups { "a group" } else { "an entity" };
            usage(format!("`--map {typed}={column}`: `{typed}` is no field of {noun}; did you mean `{meant}`?"))
        });
        let as_attribute = shell_word(&format!("attributes.{typed}={column}"));
        let field = field.hint(format!("`--map {as_attribute}` keeps it as an attribute of that name"))?;
        columns.push((field, column.clone()));
    }
    if let Some(column) = &args.id {
        columns.retain(|(field, _)| field != "id");
        columns.push(("id".into(), column.clone()));
    }
    for (at, (field, _)) in columns.iter().enumerate() {
        if columns[..at].iter().any(|(other, _)| other == field) {
            return Err(usage(format!("`--map` names `{field}` twice")));
        }
    }
    Ok(Options {
        subject,
        format: args.format.map(|format| match format {
            FormatArg::Jsonl => Format::JsonLines,
            FormatArg::Csv => Format::Csv,
        }),
        encoding,
        delimiter,
        sheet: args.sheet.clone(),
        sql: args.sql.clone(),
        table: args.table.clone(),
        mapping: Mapping { columns, ..Mapping::default() },
        command: String::new(),
    })
}

/// The command line as it was typed, as far as it matters for typing it again, but for the columns. The terminal adds the database.
fn command(what: &str, args: &FilesArgs, typed: &[&str]) -> String {
    let mut words: Vec<String> = vec!["gleaner".into()];
    words.extend(["load".into(), what.into()]);
    words.extend(args.files.iter().map(|file| shell_word(&file.to_string_lossy())));
    let format = args.format.map(|format| match format {
        FormatArg::Jsonl => "jsonl".to_owned(),
        FormatArg::Csv => "csv".to_owned(),
    });
    let options = [
        ("--encoding", &args.encoding),
        ("--delimiter", &args.delimiter),
        ("--sheet", &args.sheet),
        ("--table", &args.table),
        ("--sql", &args.sql),
        ("--format", &format),
    ];
    for (option, value) in options {
        if let Some(value) = value {
            words.extend([option.to_owned(), shell_word(value)]);
        }
    }
    words.extend(typed.iter().map(|word| shell_word(word)));
    words.extend(args.dry_run.then(|| "--dry-run".to_owned()));
    words.join(" ")
}
