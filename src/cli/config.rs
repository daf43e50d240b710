//! `gleaner config` and `gleaner key`

use clap::{Args, Subcommand};

/// Options of `config`.
#[derive(Clone, Debug, Args)]
pub struct ConfigArgs {
    /// What is done with it.
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
}

/// What is done with the configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a setting to the configuration file; the rest of the file stays as it is
    #[command(verbatim_doc_comment)]
    Set {
        /// The setting, as in `gleaner config`
        key: String,
        /// Its value
        value: String,
    },

    /// Take a setting out of the configuration file
    Unset {
        /// The setting
        key: String,
    },

    /// Open the configuration file in $VISUAL or $EDITOR, and check it afterwards
    Edit,

    /// Print where the configuration file is
    Path,
}

/// What is done with keys of providers.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Ask for the key of a provider and keep it, for its host only
    ///
    ///     gleaner key set                                          for api.openai.com
    ///     gleaner --base-url https://llm.example.org/v1 key set    for another one
    ///
    /// The key is asked for and not shown as it is typed; without a terminal the first line of stdin is taken.
    #[command(verbatim_doc_comment)]
    Set,

    /// List the hosts that a key is kept for, each key by its last four letters
    List,

    /// Remove the key of a host
    Remove {
        /// The host, as in `gleaner key list` [default: that of the base URL]
        host: Option<String>,
    },
}
