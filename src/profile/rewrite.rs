//! A profile's text, changed in one place: everything else stays as it is, comments too.

use std::fmt::Write as _;

use super::parse::read;
use super::{Allowed, Profile};

/// Line that begins the table in a profile's text.
const HEAD: &str = "[topic.allowed]";

/// Returns a profile's text with another list, or with none; `None` where the list stands in a form that only a person can
/// change.
pub fn with_allowed(text: &str, allowed: Option<&Allowed>) -> Option<String> {
    let before = read(text).ok()?;
    let mut new = String::with_capacity(text.len());
    let mut is_in_table = false;
    // Comments behind the table, which are about what comes next.
    let mut remarks = String::new();
    for line in text.split_inclusive('\n') {
        let start = line.trim_start();
        is_in_table = if is_in_table { !start.starts_with('[') } else { line.trim_end() == HEAD };
        if !is_in_table {
            new.push_str(&std::mem::take(&mut remarks));
            new.push_str(line);
        } else if start.is_empty() || start.starts_with('#') {
            remarks.push_str(line);
        } else {
            remarks.clear();
        }
    }
    new.push_str(&remarks);
    let kept = new.trim_end().len();
    new.truncate(kept);
    new.push('\n');
    if let Some(allowed) = allowed {
        let _ = write!(new, "\n{HEAD}\nothers = {}\ntopics = [\n", allowed.others);
        for topic in &allowed.topics {
            // A text of JSON is one of TOML, too: control characters are no part of a topic.
            let _ = writeln!(new, "    {},", serde_json::Value::from(topic.as_str()));
        }
        new.push_str("]\n");
    }
    // The lines of a text between quotes may look like a table: what was meant must come out.
    let after = read(&new).ok()?;
    let meant = Profile { allowed_topics: allowed.cloned(), ..before };
    (after == meant).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::check;
    use crate::profile::check::tests::TEXT;

    fn allowed(topics: &[&str], others: bool) -> Allowed {
        Allowed { topics: topics.iter().map(|topic| (*topic).to_owned()).collect(), others }
    }

    #[test]
    fn a_list_is_read_in_each_form_and_written_into_the_text() {
        let inline = |form: &str| TEXT.replacen("[topic]\n", &format!("[topic]\nallowed = {form}\n"), 1);
        let read = |text: &str| Profile::parse(text).unwrap().allowed_topics;
        assert_eq!(read(TEXT), None);
        assert_eq!(read(&inline(r#"["trade", "Moon"]"#)), Some(allowed(&["trade", "Moon"], true)));
        assert_eq!(read(&inline(r#"{ topics = ["trade"], others = false }"#)), Some(allowed(&["trade"], false)));
        assert!(check(&inline("3"))[0].message.contains("is a list of topics, or a table as in"));
        let list = allowed(&["trade", "l'\"Été\\\" [x]", "#1"], false);
        let text = with_allowed(TEXT, Some(&list)).unwrap();
        assert_eq!((read(&text), check(&text)), (Some(list), vec![]));
        assert!(text.starts_with(TEXT.trim_end()), "{text}");
        let other = allowed(&["b"], true);
        let changed =
            with_allowed(&format!("{text}\n[[keyword]]\ntopic = \"t\"\nwords = [\"w\"]\n"), Some(&other)).unwrap();
        assert_eq!(changed.matches("allowed").count(), 1, "{changed}");
        assert_eq!((read(&changed), changed.matches("[[keyword]]").count()), (Some(other.clone()), 2));
        assert_eq!(with_allowed(&text, None).as_deref(), Some(TEXT));
        let remarked = format!("{text}\n# Words of ours.\n[[keyword]]\ntopic = \"t\"\nwords = [\"w\"]\n");
        let changed = with_allowed(&remarked, Some(&other)).unwrap();
        assert!(changed.contains("\n# Words of ours.\n[[keyword]]"), "{changed}");
        let remarked = text.replacen("    \"trade\",\n", "    # of the list\n    \"trade\",\n", 1) + "\n# the end\n";
        let changed = with_allowed(&remarked, None).unwrap();
        assert!(changed.ends_with("# the end\n") && !changed.contains("of the list"), "{changed}");
        // Of a list that stands within another table only a person knows where it ends.
        assert_eq!(with_allowed(&inline("[\"trade\"]"), Some(&other)), None);
        assert_eq!(with_allowed("name = 1", Some(&other)), None);
        let quoted = TEXT.replacen(
            "\"Up to {{ max_topics }} topics in {{ language }}.\"",
            "\"\"\"\nAt most {{ max_topics }}.\n[topic.allowed]\n\"\"\"",
            1,
        );
        assert_eq!((check(&quoted), with_allowed(&quoted, Some(&other))), (vec![], None));
    }
}
