//! The profiles that are part of the program: their texts, as they stand in `builtin/`.

use super::Profile;

/// Name and text, the default first.
pub(super) const TEXTS: &[(&str, &str)] =
    &[("news", include_str!("builtin/news.toml")), ("football", include_str!("builtin/football.toml"))];

/// Returns the name of the built-in profile that a text was in an earlier version of the program: all that a model is told
/// is the same, and another model is asked.
pub(super) fn earlier(text: &str) -> Option<&'static str> {
    let kept = Profile::parse(text).ok()?;
    let (name, today) = TEXTS.iter().find(|(name, _)| *name == kept.name)?;
    let today = Profile::parse(today).ok()?;
    let mut same = kept.clone();
    same.model.name = today.model.name.clone();
    // Words that no model was told have come and gone.
    same.keywords = today.keywords.clone();
    for (known, today) in same.types.iter_mut().zip(&today.types) {
        known.changes = today.changes.clone();
    }
    (same == today && kept.model.name != today.model.name).then_some(*name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::profile::{PromptOptions, check, make_prompt};

    #[test]
    fn every_built_in_profile_is_without_a_problem() {
        for (name, text) in TEXTS {
            assert_eq!(check(text), [], "{name}");
            let profile = Profile::parse(text).unwrap();
            assert_eq!(profile.name, *name);
            for kind in Kind::ALL {
                make_prompt(&profile, kind, &PromptOptions::default()).unwrap();
            }
        }
    }

    #[test]
    fn the_profile_in_the_docs_is_without_a_problem() {
        let page = include_str!("../../docs/collections.md");
        let (_, rest) = page.split_once("```toml\n").unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        assert_eq!(check(text), []);
    }

    #[test]
    fn an_earlier_text_asks_the_same_of_another_model() {
        let (name, today) = TEXTS[0];
        let earlier_text = today.replace("name = \"gpt-6-luna\"", "name = \"gpt-5-mini\"");
        assert_eq!((earlier(&earlier_text), earlier(today), earlier("name = 1")), (Some(name), None, None));
    }

    #[test]
    fn the_default_is_built_in_and_first() {
        assert_eq!(Profile::names().next(), Some(Profile::DEFAULT));
        assert!(Profile::builtin("news").is_some() && Profile::builtin("nws").is_none());
    }
}
