//! `gleaner load …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Load files into the database.
#[derive(Debug, Subcommand)]
pub enum LoadCommand {
    /// Load story groups; a group that is here already is replaced, its stories as a set
    ///
    ///     gleaner load groups articles.csv                 # or .tsv, .xlsx, .json, .jsonl, each also .gz
    ///     gleaner load groups export.csv --map text=Volltext,title=Schlagzeile
    ///     gleaner load groups cms.db --sql 'SELECT id, body, pub_date FROM posts'
    ///     gleaner load groups folder/                      # of .txt, .md and .html files
    ///     duckdb -json -c "FROM 'a.parquet'" | gleaner load groups -
    ///
    /// Columns with usual names are known by themselves; other columns become attributes of the
    /// story. A row is a group of one story; --group-by makes groups of several. In JSON a group may
    /// have its stories in it:
    ///
    ///     {"id": "g1", "title": "…", "stories": [{"title": "…", "text": "…", "url": "…"}, …]}
    ///
    /// Only groups whose `status` is `active`, or that have none, are sent.
    #[command(verbatim_doc_comment)]
    Groups(GroupsArgs),

    /// Load the catalog of entities that mentions are linked to; one that is here already is replaced
    ///
    ///     gleaner load entities catalog.csv                # or .xlsx, .json, .jsonl, a SQLite database
    ///     gleaner load entities names.txt --type person    # a name a line
    ///     gleaner load entities query.csv --type place     # the result of a Wikidata query
    ///
    /// Columns: id, type, name, aliases with `|` between them; every other column is an attribute.
    /// In JSON:
    ///
    ///     {"id": "e1", "type": "person", "name": "…", "aliases": ["…"],
    ///      "attributes": {"country": "…"}}        (in one line)
    ///
    /// Type and id together name an entity. Entities that are in no file stay, unless --replace is
    /// given.
    #[command(verbatim_doc_comment)]
    Entities(EntitiesArgs),
}

/// Gives `load entities` its own words for the option that both commands share.
pub(super) fn with_own_words(command: clap::Command) -> clap::Command {
    let help = "Columns by our names of them: name=label,type=class,aliases=synonyms,id=qid; `aliases=` takes none";
    let entities = |command: clap::Command| command.mut_arg("map", |arg| arg.help(help));
    command.mut_subcommand("load", |load| load.mut_subcommand("entities", entities))
}

/// Options of `load groups`.
#[derive(Clone, Debug, Args)]
pub struct GroupsArgs {
    /// What to load.
    #[command(flatten)]
    pub files: FilesArgs,

    /// Make the ids from the address, the text or the place in the file [default: the id column, else url, else text]
    #[arg(long, value_name = "WHAT", conflicts_with = "id")]
    pub id_from: Option<IdFromArg>,

    /// Rows with the same value in COLUMN are the stories of one group, whose id that is
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["id", "id_from"])]
    pub group_by: Option<String>,

    /// Order of dates such as 04/03/2024, where the file does not show it
    #[arg(long, value_name = "ORDER")]
    pub date_order: Option<DateOrderArg>,
}

/// Options of `load entities`.
#[derive(Clone, Debug, Args)]
pub struct EntitiesArgs {
    /// What to load.
    #[command(flatten)]
    pub files: FilesArgs,

    /// Type of the entities that say none, as in a plain list of names
    #[arg(long = "type", value_name = "TYPE")]
    pub entity_type: Option<String>,

    /// Afterwards remove every entity that is in none of the files; mentions linked to it keep their text
    #[arg(long)]
    pub replace: bool,
}

/// Which files, and how they are read.
#[derive(Clone, Debug, Args)]
pub struct FilesArgs {
    /// Files or folders to load; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Columns by our names of them: text=body,title=headline,date=pub_date,url=link,id=guid; `status=` takes none
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',', value_parser = parse_pair)]
    pub map: Vec<(String, String)>,

    /// Column that has the ids
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,

    /// Encoding of text files: utf-8, windows-1252, shift_jis, … [default: found, and said where it is a guess]
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,

    /// What stands between the cells of a table: a character, or `tab` [default: found]
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,

    /// Sheet of a spreadsheet, by name or number [default: the first]
    #[arg(long, value_name = "SHEET")]
    pub sheet: Option<String>,

    /// Table of a SQLite database [default: the only one]
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    pub table: Option<String>,

    /// Statement whose rows are loaded from a SQLite database
    #[arg(long, value_name = "SELECT")]
    pub sql: Option<String>,

    /// How text files are written [default: told by their first bytes and names]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<FormatArg>,

    /// Read everything, show what the first three would be, say what would change; write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// One JSON object a line, or one array of objects
    Jsonl,
    /// A line of column names, then rows
    Csv,
}

/// Source of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IdFromArg {
    /// u- and 16 hex digits of the address's SHA-256
    Url,
    /// t- and 16 hex digits of the text's SHA-256
    Text,
    /// The file's name and the number of the record
    Row,
}

/// Order of day and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DateOrderArg {
    /// 25/03/2024
    Dmy,
    /// 03/25/2024
    Mdy,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, column)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), column.trim().to_owned())),
        _ => Err("write it as FIELD=COLUMN, such as text=body".into()),
    }
}
