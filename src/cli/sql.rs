//! `gleaner sql`

use clap::{Args, ValueEnum};

/// Options of `sql`.
#[derive(Clone, Debug, Args)]
pub struct SqlArgs {
    /// One statement that reads; `-` reads it from stdin
    #[arg(value_name = "SQL", required_unless_present = "schema")]
    pub sql: Option<String>,

    /// Value of `:NAME` in the statement, as text (may be given more than once)
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub params: Vec<(String, String)>,

    /// Form of the result
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "json")]
    pub format: SqlFormat,

    /// Show the documented tables and views instead, all of them or those whose name is or begins with NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["sql", "params"])]
    pub schema: Option<String>,
}

/// Form of a result in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SqlFormat {
    /// Columns that fit the terminal
    Table,
    /// CSV, with what a spreadsheet would take for a formula made harmless
    Csv,
    /// JSON Lines, one object a row
    Jsonl,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim_start_matches(':').is_empty() => {
            Ok((name.trim_start_matches(':').to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE".into()),
    }
}
