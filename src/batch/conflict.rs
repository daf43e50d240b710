//! Plans that wait while something else is typed. They are sent as they were planned, so what differs is said; and one
//! that the provider refused does not keep a corrected command from asking.

use anyhow::anyhow;

use crate::batch::budget;
use crate::batch::prompts::Prompts;
use crate::error::{ErrorKind, Explain as _};
use crate::profile::Prompt;
use crate::session::Session;
use crate::store::{BatchRow, BatchState, Origin, Read};
use crate::terminal::words::count;

/// Options of a command that a plan is made with, as they were typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Those of the prompt, by their names: `--model`.
    pub flags: Vec<&'static str>,
    /// `--price`, as a run keeps it.
    pub price: Option<String>,
    /// `--max-requests`.
    pub max_requests: Option<u64>,
    /// `--max-bytes`.
    pub max_bytes: Option<u64>,
}

/// One thing in which a plan that waits differs from what would be planned now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Difference {
    /// The option that sets it; `None`: the profile does.
    flag: Option<&'static str>,
    /// Its `object` word: `model`.
    what: &'static str,
    planned: String,
    now: String,
}

impl Difference {
    fn words(&self) -> String {
        match self.flag {
            Some(flag) => format!("{} {}, and not {} (`{flag}`)", self.what, self.planned, self.now),
            None => format!("{} {}, and not {}", self.what, self.planned, self.now),
        }
    }
}

/// Says which typed options a plan that waits does not follow. Where the command `sends` what waits, a plan that the
/// provider refused and that is another one than would be made now is an error, with the command that drops it.
pub fn check(
    session: &Session<'_>,
    prompts: &Prompts,
    typed: &Typed,
    origin: Option<&Origin>,
    sends: bool,
) -> anyhow::Result<()> {
    let read = session.store.read();
    let parts = read.pending_batches()?.into_iter().filter(|part| part.state.is_unsent());
    let mut said = vec![];
    for part in parts {
        // A run begun elsewhere is not in the way here, and a plan that was never sent belongs to the real world.
        let is_elsewhere = match (budget::begun_at(read, &part)?, origin) {
            (Some(begun), Some(here)) => begun != here.key,
            (None, Some(here)) => here.is_sandbox,
            (_, None) => false,
        };
        if is_elsewhere {
            continue;
        }
        let differences = differences(read, &part, prompts, typed)?;
        if sends && part.state == BatchState::Planned && part.errors.is_some() && !differences.is_empty() {
            return refused(&part, &differences);
        }
        let ignored = |difference: &&Difference| difference.flag.is_some_and(|flag| typed.flags.contains(&flag));
        let ignored: Vec<String> = differences.iter().filter(ignored).map(Difference::words).collect();
        if !ignored.is_empty() {
            session.terminal.warn(format!(
                "part {} of {} waits and is sent as it was planned: with {}",
                part.part,
                part.run,
                ignored.join("; with ")
            ));
            said.push(part.run);
        }
    }
    said.dedup();
    for run in said {
        session.terminal.hint(format!(
            "`gleaner batch cancel {run}` drops what of it is not sent; then the same command asks those groups too"
        ));
    }
    Ok(())
}

fn refused(part: &BatchRow, differences: &[Difference]) -> anyhow::Result<()> {
    let errors: Vec<serde_json::Value> =
        serde_json::from_str(part.errors.as_deref().unwrap_or_default()).unwrap_or_default();
    let why = errors.first().and_then(|error| error["message"].as_str()).unwrap_or("no reason given").to_owned();
    let words: Vec<String> = differences.iter().map(Difference::words).collect();
    Err(anyhow!(why))
        .kind(ErrorKind::Refused)
        .hint(format!("`gleaner batch cancel {}` drops the plan; then the same command asks anew", part.run))
        .hint(format!("`gleaner batch submit {}` tries the plan once more as it is", part.run))
        .map_err(|error| {
            error.context(format!(
                "part {} of {} was refused and stands in the way: {} in it {} planned with {}",
                part.part,
                part.run,
                count(part.n_requests, "request"),
                if part.n_requests == 1 { "is" } else { "are" },
                words.join("; with ")
            ))
        })
}

fn differences(read: Read<'_>, part: &BatchRow, prompts: &Prompts, typed: &Typed) -> anyhow::Result<Vec<Difference>> {
    let mut found = vec![];
    for key in read.prompts_planned_in(part.key)? {
        let planned = read.prompt(key)?.prompt;
        for difference in between(&planned, prompts.get(planned.kind)) {
            if !found.contains(&difference) {
                found.push(difference);
            }
        }
    }
    let mut add = |flag, what, planned: String, now: String| {
        found.push(Difference { flag: Some(flag), what, planned, now });
    };
    if let Some(max) = typed.max_requests.filter(|max| part.n_requests > *max) {
        add("--max-requests", "requests:", part.n_requests.to_string(), format!("at most {max}"));
    }
    if let (Some(max), Some(bytes)) = (typed.max_bytes, part.input_bytes)
        && bytes > max
    {
        add("--max-bytes", "bytes:", bytes.to_string(), format!("at most {max}"));
    }
    if let Some(price) = &typed.price {
        let planned = read.run(&part.run)?.and_then(|run| run.price);
        if planned.as_ref() != Some(price) {
            add("--price", "price", planned.unwrap_or_else(|| "of the table".into()), price.clone());
        }
    }
    Ok(found)
}

/// The options that set a parameter of a prompt.
const PARAMETERS: [(&str, &str, &str); 4] = [
    ("reasoning_effort", "--effort", "effort"),
    ("verbosity", "--verbosity", "verbosity"),
    ("max_output_tokens", "--max-output-tokens", "limit of output tokens"),
    ("temperature", "--temperature", "temperature"),
];

/// Returns in what two prompts of a kind differ: their settings, else the profile they are made from.
fn between(planned: &Prompt, now: &Prompt) -> Vec<Difference> {
    let mut found = vec![];
    let mut add = |flag, what, planned: String, now: String| {
        if planned != now {
            found.push(Difference { flag: Some(flag), what, planned, now });
        }
    };
    add("--model", "model", planned.model.clone(), now.model.clone());
    add("--endpoint", "endpoint", planned.endpoint.path().to_owned(), now.endpoint.path().to_owned());
    for (name, flag, what) in PARAMETERS {
        let word = |prompt: &Prompt| match prompt.parameters.get(name) {
            Some(serde_json::Value::String(word)) => word.clone(),
            Some(value) => value.to_string(),
            None => "none".to_owned(),
        };
        add(flag, what, word(planned), word(now));
    }
    if found.is_empty() && planned.fingerprint != now.fingerprint {
        let what = "another profile or limit";
        found.push(Difference { flag: None, what, planned: "then".into(), now: "today's".into() });
    }
    found
}
