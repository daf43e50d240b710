-- Step 8. Open until it is released; each addition stands in a block of its own.

-- ------------------------------------------------------------------------------------------------------------ search

-- `--where` reads the attributes of many stories, and not their texts.
CREATE INDEX stories_attributes ON stories (story_group_id, attributes);

-- Groups are found by the other names of the entities they name.
CREATE TRIGGER entity_aliases_unsearched_added AFTER INSERT ON entity_aliases
WHEN EXISTS (SELECT 1 FROM _searched_groups) BEGIN
    DELETE FROM _searched_groups
    WHERE story_group_id IN (SELECT story_group_id FROM story_entities WHERE entity_id = new.entity_id);
END;
CREATE TRIGGER entity_aliases_unsearched_removed AFTER DELETE ON entity_aliases
WHEN EXISTS (SELECT 1 FROM _searched_groups) BEGIN
    DELETE FROM _searched_groups
    WHERE story_group_id IN (SELECT story_group_id FROM story_entities WHERE entity_id = old.entity_id);
END;
CREATE TRIGGER entity_aliases_unsearched_changed AFTER UPDATE OF entity_id, alias ON entity_aliases
WHEN EXISTS (SELECT 1 FROM _searched_groups) BEGIN
    DELETE FROM _searched_groups
    WHERE story_group_id IN (SELECT story_group_id FROM story_entities WHERE entity_id IN (old.entity_id, new.entity_id));
END;

-- ------------------------------------------------------------------------------------------------------- near copies

CREATE TABLE _story_signatures (
    story_id  INTEGER PRIMARY KEY,
    signature BLOB NOT NULL CHECK (length(signature) IN (0, 128))
) STRICT;
CREATE TABLE _near_copies (
    story_id INTEGER PRIMARY KEY,
    cluster  INTEGER NOT NULL
) STRICT;
CREATE INDEX _near_copies_cluster ON _near_copies (cluster);
CREATE TRIGGER stories_unsigned_removed AFTER DELETE ON stories BEGIN
    DELETE FROM _story_signatures WHERE story_id = old.id;
    DELETE FROM _near_copies WHERE story_id = old.id;
END;
CREATE TRIGGER stories_unsigned_changed AFTER UPDATE OF id, text ON stories BEGIN
    DELETE FROM _story_signatures WHERE story_id IN (old.id, new.id);
    DELETE FROM _near_copies WHERE story_id IN (old.id, new.id);
END;

-- ------------------------------------------------------------------------------------------------- topics, in order

-- A topic may be dropped, and may stand under another one.
CREATE TABLE topic_decisions_new (
    topic      TEXT NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('is', 'not', 'parent', 'drop')),
    target     TEXT NOT NULL,
    target_label TEXT NOT NULL,
    decided_at TEXT NOT NULL CHECK (decided_at GLOB '[0-9][0-9][0-9][0-9]*'),
    changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (topic, verdict, target)
) WITHOUT ROWID, STRICT;
INSERT INTO topic_decisions_new (topic, verdict, target, target_label, decided_at, changed_at)
SELECT topic, verdict, target, target_label, decided_at, changed_at FROM topic_decisions;
DROP TABLE topic_decisions;
ALTER TABLE topic_decisions_new RENAME TO topic_decisions;
CREATE UNIQUE INDEX topic_decisions_is ON topic_decisions (topic) WHERE verdict = 'is';
CREATE UNIQUE INDEX topic_decisions_parent ON topic_decisions (topic) WHERE verdict = 'parent';
CREATE INDEX topic_decisions_children ON topic_decisions (target) WHERE verdict = 'parent';

CREATE TRIGGER topic_decisions_added AFTER INSERT ON topic_decisions BEGIN
    DELETE FROM tombstones WHERE table_name = 'topic_decisions'
        AND key = json_array(new.topic, new.verdict, new.target);
END;
CREATE TRIGGER topic_decisions_rekeyed AFTER UPDATE ON topic_decisions
WHEN json_array(new.topic, new.verdict, new.target)
    <> json_array(old.topic, old.verdict, old.target) BEGIN
    DELETE FROM tombstones WHERE table_name = 'topic_decisions'
        AND key = json_array(old.topic, old.verdict, old.target);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('topic_decisions', json_array(old.topic, old.verdict, old.target), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
    DELETE FROM tombstones WHERE table_name = 'topic_decisions'
        AND key = json_array(new.topic, new.verdict, new.target);
END;
CREATE TRIGGER topic_decisions_touched AFTER UPDATE ON topic_decisions WHEN new.changed_at = old.changed_at BEGIN
    UPDATE topic_decisions SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE topic = new.topic AND verdict = new.verdict AND target = new.target
        AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER topic_decisions_removed AFTER DELETE ON topic_decisions BEGIN
    DELETE FROM tombstones WHERE table_name = 'topic_decisions'
        AND key = json_array(old.topic, old.verdict, old.target);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('topic_decisions', json_array(old.topic, old.verdict, old.target), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
END;

-- ------------------------------------------------------------------------------------------------ what was left out

-- Groups are judged, too: what their topics and names lack.
CREATE TABLE audits_new (
    id         INTEGER PRIMARY KEY,
    what       TEXT NOT NULL CHECK (what IN ('links', 'topics', 'misses')),
    seed       INTEGER NOT NULL,
    created_at TEXT NOT NULL CHECK (created_at GLOB '[0-9]???-[01]?-[0-3]?*')
) STRICT;
INSERT INTO audits_new (id, what, seed, created_at) SELECT id, what, seed, created_at FROM audits;
DROP TABLE audits;
ALTER TABLE audits_new RENAME TO audits;
ALTER TABLE audit_items ADD COLUMN n_found INTEGER CHECK (n_found >= 0);
ALTER TABLE audit_items ADD COLUMN missed TEXT CHECK (missed IS NULL OR json_valid(missed));
