//! `gleaner sandbox`: a provider on this machine, to rehearse against.

use std::cmp::Ordering;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::sandbox::SandboxArgs;
use crate::command::{Context, input};
use crate::error::{Exit, Explain as _, usage};
use crate::interrupt;
use crate::model::Entity;
use crate::profile::Profile;
use crate::sandbox::{Dictionary, Keyword, Options, Pace, Sandbox, Script};
use crate::store::Store;
use crate::text::shell_word;

/// Time between two looks whether somebody pressed Ctrl-C.
const LOOK: Duration = Duration::from_secs(3600);

/// The most that is read of a list of topics.
const TOPICS_BYTES_MAX: u64 = 16 << 20;

/// Runs the command.
pub(super) fn run(args: &SandboxArgs, context: &Context) -> anyhow::Result<Exit> {
    let script = args.script.as_deref().map(Script::read).transpose()?.unwrap_or_default();
    let (entities, kept_profile) = read_database(context)?;
    let profile = choose_profile(args.profile.as_deref(), kept_profile)?;
    let mut dictionary = dictionary(&profile, entities);
    if let Some(path) = &args.topics {
        let on_path = || format!("cannot use the topics in `{}`", path.display());
        let text = input::text(path, TOPICS_BYTES_MAX).with_context(on_path)?;
        let keywords = Keyword::read_list(&text).with_context(on_path);
        dictionary.keywords.extend(keywords.hint(r#"a line is `{"topic": "trade", "words": ["tariff", "customs"]}`"#)?);
    }
    let n_entities = dictionary.entities.len();
    Sandbox::sweep();
    let sandbox = Sandbox::start(&context.config, &Options { port: args.port, dictionary, script, pace: pace(args)? })?;
    announce(context, &sandbox, &profile, n_entities)?;
    while !interrupt::requested() {
        // The error says only that Ctrl-C was pressed, which is how a server is meant to end.
        let _ = interrupt::sleep(LOOK);
    }
    sandbox.stop();
    Ok(Exit::Done)
}

/// Returns what the sandbox's reader should know: a catalog, and a profile's keywords and words for types.
pub(crate) fn dictionary(profile: &Profile, entities: Vec<Entity>) -> Dictionary {
    let types = entities.iter().filter_map(|entity| {
        let own = profile.profile_type_of(&entity.entity_type)?;
        Some((entity.entity_type.clone(), own.to_owned()))
    });
    Dictionary {
        types: types.collect(),
        keywords: profile
            .keywords
            .iter()
            .map(|keyword| Keyword { topic: keyword.topic.clone(), words: keyword.words.clone() })
            .collect(),
        entities,
    }
}

/// Reads the catalog and the active profile, and lets go of the database, which stays as it is: one of an earlier gleaner
/// is brought forward in a temporary copy. Without a database there is nothing to know.
fn read_database(context: &Context) -> anyhow::Result<(Vec<Entity>, Option<String>)> {
    if context.db.is_none() && !context.db_path().is_ok_and(|path| path.exists()) {
        return Ok((vec![], None));
    }
    let path = context.db_path()?;
    Store::must_exist(&path)?;
    let as_it_is = Store::open_as_it_is(&path)?;
    as_it_is
        .check_owner()
        .hint("name another file with `--db PATH`")
        .with_context(|| format!("cannot open the database `{}`", path.display()))?;
    let (found, newest) = as_it_is.read().schema_version()?;
    let store = match found.cmp(&newest) {
        Ordering::Less => as_it_is.temporary_copy()?,
        Ordering::Equal => as_it_is,
        // Refused, with both versions named.
        Ordering::Greater => context.open()?,
    };
    let mut entities = vec![];
    store.read().each_entity(|_, entity| {
        entities.push(entity);
        Ok(())
    })?;
    Ok((entities, store.read().active_profile()?.map(|profile| profile.text)))
}

fn choose_profile(typed: Option<&str>, kept: Option<String>) -> anyhow::Result<Profile> {
    let text = match typed {
        None => kept.or_else(|| Profile::builtin(Profile::DEFAULT).map(str::to_owned)),
        Some(name) => Some(match Profile::builtin(name) {
            Some(text) => text.to_owned(),
            None => input::text(Path::new(name), input::PROFILE_BYTES_MAX)
                .with_context(|| format!("cannot read the profile `{name}`"))
                .hint(format!("built-in profiles: {}", Profile::names().collect::<Vec<_>>().join(", ")))?,
        }),
    };
    Profile::parse(&text.context("there is no built-in profile")?)
        .with_context(|| format!("cannot use the profile `{}`", typed.unwrap_or(Profile::DEFAULT)))
}

fn pace(args: &SandboxArgs) -> anyhow::Result<Pace> {
    if let Some(n_polls) = args.polls {
        return Ok(Pace::Polls(n_polls));
    }
    let duration = Duration::try_from_secs_f64(args.seconds)
        .map_err(|_| usage(format!("`--seconds` must be a length of time, not {}", args.seconds)))?;
    Ok(Pace::Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
}

fn announce(context: &Context, sandbox: &Sandbox, profile: &Profile, n_entities: usize) -> anyhow::Result<()> {
    let terminal = &context.terminal;
    let base_url = sandbox.base_url();
    if terminal.is_json() {
        terminal.json(&json!({"base_url": base_url, "profile": profile.name, "entities": n_entities}))?;
    } else {
        terminal.line(format!("sandbox listening on {base_url}"))?;
        terminal.line("")?;
        terminal.line("    export OPENAI_API_KEY=sandbox   # any text will do")?;
        terminal.line(format!("    export OPENAI_BASE_URL={base_url}"))?;
        let db =
            context.db.as_ref().map_or(String::new(), |db| format!("--db {} ", shell_word(&db.display().to_string())));
        terminal.line(format!("    gleaner {db}batch create --wait"))?;
        terminal.line("")?;
    }
    terminal.flush()?;
    terminal.status(format!(
        "no language model answers here: a dictionary reader looks up {n_entities} catalog names, and finds topics \
         by the keywords of profile `{}` or by the phrases a text repeats",
        profile.name
    ));
    if n_entities == 0 {
        terminal.hint("name a database with a catalog with `--db PATH` to have names found");
    }
    terminal.status("Ctrl-C ends it; its files and batches are then forgotten");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalog_types_are_put_in_the_profiles_words() {
        let profile = Profile::parse(Profile::builtin("news").unwrap()).unwrap();
        let entity = |entity_type: &str| Entity {
            id: crate::model::EntityId::new("1"),
            entity_type: entity_type.into(),
            name: "X".into(),
            aliases: vec![],
            attributes: Default::default(),
        };
        let made = dictionary(&profile, vec![entity("Company"), entity("person"), entity("no such thing")]);
        assert_eq!(made.types, [("Company".into(), "organization".into()), ("person".into(), "person".into())].into());
        // What ships for everybody holds nothing of one subject.
        assert_eq!(made.keywords, []);
    }
}
