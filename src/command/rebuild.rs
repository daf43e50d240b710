//! `gleaner rebuild`: every kept answer read and linked again, offline.

use crate::command::Context;
use crate::error::Exit;
use crate::import::rebuild::rebuild;
use crate::terminal::words::{count, number};

/// Runs the command.
pub(super) fn run(context: &Context) -> anyhow::Result<Exit> {
    let mut session = context.session()?;
    let rebuilt = rebuild(&mut session)?;
    if context.terminal.is_json() {
        context.terminal.json(&rebuilt)?;
    } else {
        context.terminal.line(format!(
            "rebuilt from {}: {}, {}, {} of them linked",
            count(rebuilt.answers, "answer"),
            count(rebuilt.topics, "topic"),
            count(rebuilt.mentions, "mention"),
            number(rebuilt.linked)
        ))?;
        if rebuilt.unreadable > 0 {
            let unreadable = count(rebuilt.unreadable, "answer");
            context.terminal.warn(format!("{unreadable} could not be understood any more; their texts are kept"));
        }
    }
    Ok(if rebuilt.unreadable == 0 { Exit::Done } else { Exit::Incomplete })
}
