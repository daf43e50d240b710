//! The scope of a decision as it is typed: a mention, its type, its hints.

use crate::cli::unresolved::ScopeArgs;
use crate::curation::mentions::About;
use crate::error::{Explain as _, usage};
use crate::model::{Attributes, attribute_name};

/// Reads what a decision is about.
pub(crate) fn about(mention: &str, scope: &ScopeArgs) -> anyhow::Result<About> {
    let hints = hints(&scope.hints)?;
    Ok(About {
        mention: mention.to_owned(),
        entity_type: scope.entity_type.clone().unwrap_or_default(),
        hints,
        only_unlinked: false,
    })
}

/// Reads hints as they are typed, `team=KC`.
pub(crate) fn hints(typed: &[String]) -> anyhow::Result<Attributes> {
    let mut hints = Attributes::new();
    for hint in typed {
        let Some((name, value)) =
            hint.split_once('=').filter(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty())
        else {
            return Err(usage(format!("`{hint}` is not a hint"))).hint("a hint is NAME=VALUE, as in `--hint team=KC`");
        };
        hints.insert(attribute_name(name), value.trim().to_owned());
    }
    Ok(hints)
}
