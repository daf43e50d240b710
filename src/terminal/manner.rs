//! Amount and form of output, as they are chosen.

/// When color is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    #[value(help = "Always")]
    Always,
    #[value(help = "Never")]
    Never,
}

impl ColorChoice {
    /// Returns the choice that a word names, if any.
    pub fn named(word: &str) -> Option<Self> {
        clap::ValueEnum::from_str(word, false).ok()
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            ColorChoice::Auto => "auto",
            ColorChoice::Always => "always",
            ColorChoice::Never => "never",
        }
    }
}

/// Amount and form of output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Print data as JSON only.
    pub json: bool,
    /// Print the items of a list as lines of JSON.
    pub json_lines: bool,
    /// No status lines, hints or bars; warnings and errors stay.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// Say a line from time to time while waiting, where there is no terminal to draw a bar on.
    pub waits_in_words: bool,
    /// When color is used.
    pub color: ColorChoice,
    /// True where `NO_COLOR` is set.
    pub no_color: bool,
}
