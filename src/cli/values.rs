//! Values of options as they are typed: shares, amounts of money, conditions, negative numbers.

/// Reads a likeness or a probability: 0 to 1.
pub(super) fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}

/// Reads an amount of money: a number of dollars, 0 or more.
pub(super) fn usd(text: &str) -> Result<f64, String> {
    match text.strip_prefix('$').unwrap_or(text).parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err("give a number of dollars, such as 2.50".to_owned()),
    }
}

/// A condition on an attribute of stories, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhereArg {
    /// Name of the attribute.
    pub name: String,
    /// Value it is compared with.
    pub value: String,
    /// True where it must be something else.
    pub is_not: bool,
}

pub(super) fn parse_where(text: &str) -> Result<WhereArg, String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("write it as NAME=VALUE or NAME!=VALUE, such as section=sport".into());
    };
    let (name, is_not) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    match name.trim() {
        "" => Err("the name of an attribute is missing before `=`".into()),
        name => Ok(WhereArg { name: name.to_owned(), value: value.trim().to_owned(), is_not }),
    }
}

/// Lets each option take `-1` for its value, so that the option says what is wrong with it: clap would ask what `-1` is.
pub(super) fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let takes_one = |arg: &clap::Arg| !arg.is_positional() && arg.get_action().takes_values();
    command
        .mut_args(|arg| if takes_one(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(with_negative_numbers)
}
