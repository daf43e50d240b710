//! Other programs on the same file: the statements that Datasette and sqlite-utils send to look at a table, to search it
//! and to edit it by row. The connection is a plain one: no function of gleaner's, foreign keys as SQLite has them.

use rusqlite::{Connection, params};

use crate::harness::{World, rows};

/// A collection that was asked about, linked and searched.
fn collection() -> World {
    let world = World::with_groups(4);
    world.run(&["batch", "create", "--wait"]).exits(0);
    world.run(&["search", "moon"]).exits(0);
    world
}

fn value(connection: &Connection, sql: &str) -> String {
    rows(connection, sql).join("\n")
}

#[test]
fn every_table_and_view_can_be_counted_and_described() {
    let world = collection();
    let other = world.sql();
    let names = rows(&other, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name");
    assert!(names.len() > 40, "{names:?}");
    for name in &names {
        // A count, the columns, the keys, and a first page are what a list of tables and a page of one are made of.
        let columns = rows(&other, &format!("PRAGMA table_xinfo([{name}])"));
        assert!(!columns.is_empty(), "{name}");
        rows(&other, &format!("PRAGMA foreign_key_list([{name}])"));
        rows(&other, &format!("PRAGMA index_list([{name}])"));
        let n: usize = value(&other, &format!("select count(*) from [{name}]")).parse().unwrap();
        let page = rows(&other, &format!("select * from [{name}] limit 101"));
        assert_eq!(page.len(), n.min(101), "{name}");
    }
}

#[test]
fn columns_can_be_faceted() {
    let world = collection();
    let other = world.sql();
    let facet = |table: &str, column: &str| {
        let sql = format!(
            "select {column} as value, count(*) as count from (select * from {table}) where {column} is not null
             group by {column} order by count desc, value limit 31"
        );
        rows(&other, &sql)
    };
    assert_eq!(facet("story_groups", "status"), ["active|4"]);
    assert_eq!(facet("story_topics", "topic"), ["moon landing|2", "trade|2"]);
    assert_eq!(facet("requests", "state"), ["usable|8"]);
    assert_eq!(facet("story_entities_named", "catalog_type"), ["organization|4", "person|4"]);
    // Of a column with arrays each element is a value, of one with times each day.
    let titles = "select j.value as value, count(distinct group_id) as count from story_topics_named
                  join json_each(story_titles) j group by j.value order by count desc, value limit 31";
    assert_eq!(rows(&other, titles), ["Title 1|1", "Title 2|1", "Title 3|1", "Title 4|1"]);
    let days = "select date(created_at) as value, count(*) as count from (select * from story_groups)
                where date(created_at) is not null group by date(created_at) order by count desc, value limit 31";
    assert_eq!(rows(&other, days), ["2000-01-02|1", "2000-01-03|1", "2000-01-04|1", "2000-01-05|1"]);
}

#[test]
fn full_text_is_detected_and_searched() {
    let world = collection();
    let other = world.sql();
    let detect = |table: &str| {
        let sql = format!(
            "select name from sqlite_master where rootpage = 0 and (
                sql like '%VIRTUAL TABLE%USING FTS%content=\"{table}\"%'
                or sql like '%VIRTUAL TABLE%USING FTS%content=[{table}]%'
                or (tbl_name = '{table}' and sql like '%VIRTUAL TABLE%USING FTS%'))"
        );
        rows(&other, &sql)
    };
    assert_eq!(detect("story_groups"), ["story_search"]);
    assert_eq!(detect("entities"), [""; 0]);
    let in_page = "select external_id from story_groups
                   where rowid in (select rowid from story_search where story_search match 'moon') order by id limit 101";
    assert_eq!(rows(&other, in_page), ["g2", "g4"]);
    let ranked = "with original as (select rowid, * from [story_groups])
                  select [original].[external_id] from [original]
                  join [story_search] on [original].rowid = [story_search].rowid
                  where [story_search] match 'moon' order by [story_search].rank, [original].id";
    assert_eq!(rows(&other, ranked), ["g2", "g4"]);
}

#[test]
fn rows_can_be_edited_and_what_is_derived_follows() {
    let world = collection();
    let other = world.sql();
    let edit = |sql: &str, id: &str, value: &str| {
        let n = other.execute(sql, params![value, id]).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(n, 1, "{sql}");
    };
    edit("update [story_groups] set [title] = ?1 where [external_id] = ?2", "g1", "Rockets");
    edit("UPDATE [entities] SET [name] = ?1 WHERE [external_id] = ?2", "o1", "Space Agency of the States");
    let group = value(&other, "select id from story_groups where external_id = 'g1'");
    edit("update [stories] set [text] = ?1 where [story_group_id] = ?2", &group, "ESA met the moon.");
    let alias = "INSERT INTO [entity_aliases] ([entity_id], [alias]) VALUES (?2, ?1)";
    edit(alias, &value(&other, "select id from entities where external_id = 'o1'"), "NASA");
    // An impossible value is refused, and the row stays as it was.
    for refused in [
        "update [story_topics] set [confidence] = 2.0",
        "update [story_groups] set [created_at] = 'yesterday'",
        "update [entities] set [attributes] = '{'",
        "insert into [story_topics] ([story_group_id]) values (1)",
    ] {
        assert!(other.execute(refused, []).is_err(), "{refused}");
    }
    drop(other);
    // The changed text is stale, the new word is found, and the entity is found by its new names.
    world.run(&["search", "rockets"]).exits(0).says("g1");
    world.run(&["search", "moon"]).exits(0).says("g1").says("g2");
    for name in ["Space Agency of the States", "NASA"] {
        assert_eq!(world.json(&["resolve", name, "--type", "organization"], 0)["entity_id"], "o1", "{name}");
    }
    let dry = world.json(&["batch", "create", "--stale", "--dry-run"], 0);
    assert_eq!(dry["total_groups"], 1, "{dry}");
    // An entity that mentions are linked to is not removed from under them: `catalog remove` unlinks them first.
    let other = world.sql();
    other.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    let removed = other.execute("delete from [entities] where [external_id] = 'p1'", []);
    assert_eq!(removed.unwrap_err().to_string(), "FOREIGN KEY constraint failed");
    drop(other);
    world.run(&["catalog", "remove", "p1"]).exits(0);
    world.run(&["check"]).exits(0);
}
