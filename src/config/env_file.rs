//! Files of variables (`.env`), read only when they are named: `NAME=value` lines, as other programs write them.

use crate::error::usage;

/// Reads variables from a text. Quotes around a value are taken off, `export ` before a name is allowed, and what
/// follows ` #` behind a value without quotes is a comment.
pub(super) fn parse(text: &str, path: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut vars = vec![];
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // The line itself is not shown: it may hold a key.
        let wrong = |why: &str| usage(format!("{path}:{}: {why}", number + 1));
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("a line is `NAME=value`"))?;
        let name = name.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(wrong("what stands before `=` is no name of a variable"));
        }
        let value = value_of(value.trim()).ok_or_else(|| wrong("the quotes around the value have no end"))?;
        vars.push((name.to_owned(), value));
    }
    Ok(vars)
}

fn value_of(text: &str) -> Option<String> {
    match text.chars().next() {
        Some('\'') => text[1..].split_once('\'').map(|(value, _)| value.to_owned()),
        Some('"') => {
            let mut value = String::new();
            let mut chars = text[1..].chars();
            loop {
                match chars.next()? {
                    '"' => return Some(value),
                    '\\' => match chars.next()? {
                        'n' => value.push('\n'),
                        other => value.push(other),
                    },
                    other => value.push(other),
                }
            }
        }
        _ => Some(text.split(" #").next().unwrap_or_default().trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_other_programs_write_them() {
        let check = |line: &str, expected: &str| {
            let said = match parse(line, "a.env") {
                Ok(vars) => vars.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(","),
                Err(error) => error.to_string(),
            };
            assert_eq!(said, expected, "{line}");
        };
        check("A=1\n\n# B=2\nexport C = x y # z\r\n", "A:1,C:x y");
        check("A='x # y' # z", "A:x # y");
        check("A=\"x\\\"\\n\" ", "A:x\"\n");
        check("A=", "A:");
        check("A=x#y", "A:x#y");
        check("\nsk-secret", "a.env:2: a line is `NAME=value`");
        check("1A=x", "a.env:1: what stands before `=` is no name of a variable");
        check("A='x", "a.env:1: the quotes around the value have no end");
    }
}
