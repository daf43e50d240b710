//! The settings of the configuration: their names, variables, defaults, and the values they take.
//!
//! Only what says how this machine and its person work stands here. What changes answers or links (model, endpoint,
//! limits, thresholds) stays in the database, so that copies of it agree.

use crate::text::nearest;

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    Database,
    BaseUrl,
    Prices,
    PollInterval,
    MaxCost,
    MaxCostMonth,
    AskAbove,
    Profile,
    Color,
    Pager,
}

/// Values that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A path; in the configuration file it is relative to the file's folder, and `~/` is the home.
    Path,
    /// Any text.
    Text,
    /// Seconds, at most a day.
    Seconds,
    /// A sum in USD.
    Usd,
    /// A word of this list.
    Word(&'static [&'static str]),
}

impl Setting {
    /// Settings in the order in which they are shown.
    pub const ALL: [Setting; 10] = [
        Setting::Database,
        Setting::BaseUrl,
        Setting::Prices,
        Setting::PollInterval,
        Setting::MaxCost,
        Setting::MaxCostMonth,
        Setting::AskAbove,
        Setting::Profile,
        Setting::Color,
        Setting::Pager,
    ];

    /// Returns its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Setting::Database => "database",
            Setting::BaseUrl => "base_url",
            Setting::Prices => "prices",
            Setting::PollInterval => "poll_interval",
            Setting::MaxCost => "max_cost",
            Setting::MaxCostMonth => "max_cost_month",
            Setting::AskAbove => "ask_above",
            Setting::Profile => "profile",
            Setting::Color => "color",
            Setting::Pager => "pager",
        }
    }

    /// Returns the variable that wins over the file.
    pub fn variable(self) -> &'static str {
        match self {
            Setting::Database => "GLEANER_DB",
            Setting::BaseUrl => "OPENAI_BASE_URL",
            Setting::Prices => "GLEANER_PRICES",
            Setting::PollInterval => "GLEANER_POLL_INTERVAL",
            Setting::MaxCost => "GLEANER_MAX_COST",
            Setting::MaxCostMonth => "GLEANER_MAX_COST_MONTH",
            Setting::AskAbove => "GLEANER_ASK_ABOVE",
            Setting::Profile => "GLEANER_PROFILE",
            Setting::Color => "GLEANER_COLOR",
            Setting::Pager => "GLEANER_PAGER",
        }
    }

    /// Returns its value where nothing is said, for showing; `None`: there is none.
    pub fn default_text(self) -> Option<&'static str> {
        match self {
            Setting::PollInterval => Some("60"),
            Setting::AskAbove => Some("5"),
            Setting::Profile => Some("news"),
            Setting::Color => Some("auto"),
            Setting::Database | Setting::BaseUrl | Setting::Prices => None,
            Setting::MaxCost | Setting::MaxCostMonth | Setting::Pager => None,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Setting::Database | Setting::Prices => Kind::Path,
            Setting::BaseUrl | Setting::Profile | Setting::Pager => Kind::Text,
            Setting::PollInterval => Kind::Seconds,
            Setting::MaxCost | Setting::MaxCostMonth | Setting::AskAbove => Kind::Usd,
            Setting::Color => Kind::Word(&["auto", "always", "never"]),
        }
    }

    /// Returns whether its value is a path.
    pub fn is_path(self) -> bool {
        self.kind() == Kind::Path
    }

    /// Returns whether its value is a number, in the file too.
    pub fn is_number(self) -> bool {
        matches!(self.kind(), Kind::Seconds | Kind::Usd)
    }

    /// Returns why a text is no value of it, in words that follow "must be".
    pub fn mismatch(self, text: &str) -> Option<String> {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        match self.kind() {
            Kind::Path | Kind::Text => text.trim().is_empty().then(|| "a text that is not empty".to_owned()),
            Kind::Seconds => (!number.is_some_and(|n| n <= 86_400.0)).then(|| "0 to 86400 seconds".to_owned()),
            Kind::Usd => number.is_none().then(|| "a sum in USD, such as 2.50".to_owned()),
            Kind::Word(words) => (!words.contains(&text)).then(|| words.join(", ")),
        }
    }

    /// Finds a setting by its name; an error is the name that was probably meant, if any is near.
    pub fn find(name: &str) -> Result<Setting, Option<&'static str>> {
        if let Some(found) = Setting::ALL.into_iter().find(|setting| setting.name() == name) {
            return Ok(found);
        }
        Err(nearest(name, Setting::ALL.map(Setting::name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_near_ones_are_named() {
        assert_eq!(Setting::find("max_cost"), Ok(Setting::MaxCost));
        assert_eq!(Setting::find("max_csot"), Err(Some("max_cost")));
        assert_eq!(Setting::find("poll-interval"), Err(Some("poll_interval")));
        assert_eq!(Setting::find("model"), Err(None));
    }

    #[test]
    fn values_are_checked() {
        for (setting, text, fits) in [
            (Setting::MaxCost, "2.5", true),
            (Setting::MaxCost, "-1", false),
            (Setting::MaxCost, "NaN", false),
            (Setting::PollInterval, "86400", true),
            (Setting::PollInterval, "86401", false),
            (Setting::Color, "never", true),
            (Setting::Color, "sometimes", false),
            (Setting::Database, " ", false),
        ] {
            assert_eq!(setting.mismatch(text).is_none(), fits, "{setting:?} {text}");
        }
    }
}
