//! Cypher statements that build the graph in Neo4j or Memgraph. Loading the file twice changes nothing.

use std::io::Write;

/// Rows in one statement: few statements, each still small enough for one transaction.
const ROWS: usize = 500;

/// The kinds of statements; each takes rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A group: id, title, time.
    Group,
    /// An entity: key, id, type, name, groups.
    Entity,
    /// A topic: name, groups.
    Topic,
    /// A group is about a topic.
    About,
    /// A group names an entity.
    Names,
    /// Two entities stand in the same groups.
    With,
}

impl Statement {
    fn text(self) -> &'static str {
        match self {
            Statement::Group => "MERGE (g:Group {id: row.id}) SET g += row",
            Statement::Entity => "MERGE (e:Entity {key: row.key}) SET e += row",
            Statement::Topic => "MERGE (t:Topic {name: row.name}) SET t += row",
            Statement::About => {
                "MATCH (g:Group {id: row.group}), (t:Topic {name: row.topic}) \
                 MERGE (g)-[r:ABOUT]->(t) SET r.rank = row.rank, r.confidence = row.confidence"
            }
            Statement::Names => {
                "MATCH (g:Group {id: row.group}), (e:Entity {key: row.entity}) \
                 MERGE (g)-[r:NAMES {mention: row.mention}]->(e) SET r.method = row.method, r.score = row.score, \
                 r.rank = row.rank, r.is_primary = row.is_primary"
            }
            Statement::With => {
                "MATCH (a:Entity {key: row.a}), (b:Entity {key: row.b}) \
                 MERGE (a)-[r:STANDS_WITH]->(b) SET r.groups = row.groups"
            }
        }
    }
}

/// Writes statements.
pub struct Script<W: Write> {
    out: W,
    rows: Vec<String>,
    statement: Option<Statement>,
}

impl<W: Write> Script<W> {
    /// Begins the file with the constraints that make merging fast.
    pub fn new(mut out: W) -> std::io::Result<Self> {
        for (name, label, key) in
            [("gleaner_group", "Group", "id"), ("gleaner_entity", "Entity", "key"), ("gleaner_topic", "Topic", "name")]
        {
            writeln!(out, "CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE;")?;
        }
        Ok(Self { out, rows: vec![], statement: None })
    }

    /// Adds a row to a statement; rows of one kind come one after the other.
    pub fn row(&mut self, statement: Statement, values: &[(&str, serde_json::Value)]) -> std::io::Result<()> {
        if self.statement != Some(statement) || self.rows.len() >= ROWS {
            self.end()?;
            self.statement = Some(statement);
        }
        let pairs: Vec<String> = values
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name}: {}", literal(value)))
            .collect();
        self.rows.push(format!("  {{{}}}", pairs.join(", ")));
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.end()?;
        self.out.flush()
    }

    fn end(&mut self) -> std::io::Result<()> {
        if let Some(statement) = self.statement.take().filter(|_| !self.rows.is_empty()) {
            writeln!(self.out, "UNWIND [\n{}\n] AS row\n{};", self.rows.join(",\n"), statement.text())?;
            self.rows.clear();
        }
        Ok(())
    }
}

/// Writes a value as Cypher does. Everything that is not a plain letter of a text is escaped, so that no text can end
/// its literal, whatever a shell that splits statements at semicolons thinks of it.
fn literal(value: &serde_json::Value) -> String {
    let serde_json::Value::String(text) = value else { return value.to_string() };
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            ';' | '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_ends_its_literal() {
        assert_eq!(
            literal(&json!("O'Neil\\'); MATCH (n) DELETE n;\n")),
            r"'O\'Neil\\\')\u003b MATCH (n) DELETE n\u003b\n'"
        );
        assert_eq!((literal(&json!(1.5)), literal(&json!(true))), ("1.5".into(), "true".into()));
    }

    #[test]
    fn rows_of_a_kind_share_a_statement() {
        let mut out = vec![];
        let mut script = Script::new(&mut out).unwrap();
        script.row(Statement::Topic, &[("name", json!("a")), ("groups", json!(1))]).unwrap();
        script.row(Statement::Topic, &[("name", json!("b")), ("groups", json!(null))]).unwrap();
        script.row(Statement::With, &[("a", json!("x"))]).unwrap();
        script.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("UNWIND [\n  {name: 'a', groups: 1},\n  {name: 'b'}\n] AS row\nMERGE (t:Topic"),
            "{text}"
        );
        assert_eq!(text.matches(";\n").count(), 5);
    }
}
