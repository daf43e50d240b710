//! Examples of help pages: real commands, which a test parses.
//!
//! Pages that were written around their examples have them in their doc comments; the others have theirs in a table beside
//! this file, and get them between what a command is for and the rest.

use clap::Command;

const TABLE: &str = include_str!("examples.txt");

/// Returns the lines of the examples of a command, by its words.
fn examples(path: &str) -> Option<Vec<&'static str>> {
    TABLE
        .split("\n\n")
        .find_map(|block| block.trim_start().strip_prefix(path)?.strip_prefix('\n'))
        .map(|lines| lines.lines().collect())
}

/// Gives the pages of a command and of all below it their examples.
pub(super) fn with_examples(command: Command) -> Command {
    add(command, "")
}

fn add(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    for name in names {
        let below = format!("{path} {name}").trim_start().to_owned();
        command = command.mut_subcommand(&name, |command| add(command, &below));
    }
    let Some(lines) = examples(path) else { return command };
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let whole = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{about}\n");
    lines.iter().for_each(|line| text.push_str(&format!("\n    {line}")));
    let rest = whole.strip_prefix(about.as_str()).unwrap_or_default().trim();
    if !rest.is_empty() {
        text.push_str(&format!("\n\n{rest}"));
    }
    command.long_about(text)
}

#[cfg(test)]
mod tests {
    use crate::cli;

    /// Splits a line as a shell does, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (vec![], String::new(), None);
        for c in line.chars() {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, ' ') => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
                (_, c) => word.push(c),
            }
        }
        words.extend(Some(word).filter(|word| !word.is_empty()));
        words
    }

    fn pages(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
            let text = below.get_long_about().map(ToString::to_string).unwrap_or_default();
            found.push((path.clone(), text));
            pages(below, &path, found);
        }
    }

    #[test]
    fn every_page_has_a_real_command() {
        let mut found = vec![];
        pages(&cli::command(), "", &mut found);
        assert!(found.len() > 80, "{}", found.len());
        for (path, text) in found {
            let lines: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("    "))
                .filter(|line| line.starts_with("gleaner "))
                .collect();
            assert!(!lines.is_empty(), "`{path}` has no example");
            for line in lines {
                // What stands behind it is a remark, or another program.
                let line = line.split("   ").next().unwrap_or_default().split(" > ").next().unwrap_or_default();
                let line = line.split([';', '|']).next().unwrap_or_default().split(" >> ").next().unwrap_or_default();
                let typed = words(line).into_iter().map(Into::into).collect();
                if let Err(error) = cli::parse(typed) {
                    panic!("`{path}`: {line}\n{error}");
                }
            }
        }
    }
}
