//! The profiles that are part of the program: their texts, as they stand in `builtin/`.

/// Name and text, the default first.
pub(super) const TEXTS: &[(&str, &str)] =
    &[("news", include_str!("builtin/news.toml")), ("football", include_str!("builtin/football.toml"))];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;
    use crate::profile::{Profile, PromptOptions, check, make_prompt};

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
    fn the_default_is_built_in_and_first() {
        assert_eq!(Profile::names().next(), Some(Profile::DEFAULT));
        assert!(Profile::builtin("news").is_some() && Profile::builtin("nws").is_none());
    }
}
