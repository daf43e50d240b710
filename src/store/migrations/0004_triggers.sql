-- Step 4: what is derived from a table follows it, whatever program writes there. Triggers only mark what is out of date;
-- gleaner makes it anew when it next writes to the file. They use nothing but what every SQLite has, so that Datasette or
-- the sqlite3 shell can edit.

-- Triggers say `INSERT … WHERE … NOT IN` in place of `INSERT OR IGNORE`: what a program says after OR in its own statement
-- counts inside of the triggers too.

CREATE TRIGGER entities_added AFTER INSERT ON entities BEGIN
    INSERT INTO _name_index_stale SELECT new.id
    WHERE new.id NOT IN (SELECT entity_id FROM _name_index_stale);
    DELETE FROM tombstones WHERE table_name = 'entities' AND key = json_array(new.type, new.external_id);
END;
CREATE TRIGGER entities_changed AFTER UPDATE OF external_id, type, name, attributes ON entities BEGIN
    INSERT INTO _name_index_stale SELECT new.id
    WHERE new.id NOT IN (SELECT entity_id FROM _name_index_stale);
END;
CREATE TRIGGER entities_renamed AFTER UPDATE OF name ON entities WHEN new.name <> old.name BEGIN
    DELETE FROM _searched_groups
    WHERE story_group_id IN (SELECT story_group_id FROM story_entities WHERE entity_id = new.id);
END;
CREATE TRIGGER entities_rekeyed AFTER UPDATE OF external_id, type ON entities
WHEN new.external_id <> old.external_id OR new.type <> old.type BEGIN
    DELETE FROM tombstones WHERE table_name = 'entities' AND key = json_array(old.type, old.external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('entities', json_array(old.type, old.external_id), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
    DELETE FROM tombstones WHERE table_name = 'entities' AND key = json_array(new.type, new.external_id);
END;
CREATE TRIGGER entities_touched AFTER UPDATE OF external_id, type, name, attributes ON entities
WHEN new.changed_at = old.changed_at BEGIN
    UPDATE entities SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER entities_removed AFTER DELETE ON entities BEGIN
    INSERT INTO _name_index_stale SELECT old.id
    WHERE old.id NOT IN (SELECT entity_id FROM _name_index_stale);
    DELETE FROM tombstones WHERE table_name = 'entities' AND key = json_array(old.type, old.external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('entities', json_array(old.type, old.external_id), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
END;
CREATE TRIGGER entity_aliases_added AFTER INSERT ON entity_aliases BEGIN
    INSERT INTO _name_index_stale SELECT new.entity_id
    WHERE new.entity_id NOT IN (SELECT entity_id FROM _name_index_stale);
    UPDATE entities SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.entity_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER entity_aliases_removed AFTER DELETE ON entity_aliases BEGIN
    INSERT INTO _name_index_stale SELECT old.entity_id
    WHERE old.entity_id NOT IN (SELECT entity_id FROM _name_index_stale);
    UPDATE entities SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = old.entity_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER entity_aliases_changed AFTER UPDATE ON entity_aliases BEGIN
    INSERT INTO _name_index_stale SELECT old.entity_id
    WHERE old.entity_id NOT IN (SELECT entity_id FROM _name_index_stale);
    INSERT INTO _name_index_stale SELECT new.entity_id
    WHERE new.entity_id NOT IN (SELECT entity_id FROM _name_index_stale);
    UPDATE entities SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = old.entity_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
    UPDATE entities SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.entity_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;

CREATE TRIGGER story_groups_added AFTER INSERT ON story_groups BEGIN
    DELETE FROM tombstones WHERE table_name = 'story_groups' AND key = json_array(new.external_id);
END;
CREATE TRIGGER story_groups_changed AFTER UPDATE OF title, created_at ON story_groups
WHEN new.title IS NOT old.title OR new.created_at IS NOT old.created_at BEGIN
    INSERT INTO _stale_texts SELECT id FROM story_groups
    WHERE id = new.id AND id NOT IN (SELECT story_group_id FROM _stale_texts);
    DELETE FROM _searched_groups WHERE story_group_id = new.id;
END;
CREATE TRIGGER story_groups_rekeyed AFTER UPDATE OF external_id ON story_groups
WHEN new.external_id <> old.external_id BEGIN
    DELETE FROM tombstones WHERE table_name = 'story_groups' AND key = json_array(old.external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('story_groups', json_array(old.external_id), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
    DELETE FROM tombstones WHERE table_name = 'story_groups' AND key = json_array(new.external_id);
END;
CREATE TRIGGER story_groups_touched AFTER UPDATE OF external_id, title, status, created_at ON story_groups
WHEN new.changed_at = old.changed_at BEGIN
    UPDATE story_groups SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER story_groups_removed AFTER DELETE ON story_groups BEGIN
    DELETE FROM _stale_texts WHERE story_group_id = old.id;
    DELETE FROM _searched_groups WHERE story_group_id = old.id;
    DELETE FROM tombstones WHERE table_name = 'story_groups' AND key = json_array(old.external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('story_groups', json_array(old.external_id), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
END;
CREATE TRIGGER stories_added AFTER INSERT ON stories BEGIN
    INSERT INTO _stale_texts SELECT id FROM story_groups
    WHERE id = new.story_group_id AND id NOT IN (SELECT story_group_id FROM _stale_texts);
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
    UPDATE story_groups SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.story_group_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER stories_removed AFTER DELETE ON stories BEGIN
    INSERT INTO _stale_texts SELECT id FROM story_groups
    WHERE id = old.story_group_id AND id NOT IN (SELECT story_group_id FROM _stale_texts);
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
    UPDATE story_groups SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = old.story_group_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER stories_changed AFTER UPDATE ON stories BEGIN
    INSERT INTO _stale_texts SELECT id FROM story_groups
    WHERE id = old.story_group_id AND id NOT IN (SELECT story_group_id FROM _stale_texts);
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
    UPDATE story_groups SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = old.story_group_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
    INSERT INTO _stale_texts SELECT id FROM story_groups
    WHERE id = new.story_group_id AND id NOT IN (SELECT story_group_id FROM _stale_texts);
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
    UPDATE story_groups SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.story_group_id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;

CREATE TRIGGER story_topics_added AFTER INSERT ON story_topics BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
END;
CREATE TRIGGER story_topics_removed AFTER DELETE ON story_topics BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
END;
CREATE TRIGGER story_topics_changed AFTER UPDATE OF story_group_id, topic, label, merged_from, rank
ON story_topics BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
END;
CREATE TRIGGER story_entities_added AFTER INSERT ON story_entities BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
END;
CREATE TRIGGER story_entities_removed AFTER DELETE ON story_entities BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
END;
CREATE TRIGGER story_entities_changed AFTER UPDATE OF story_group_id, ordinal, mention_text, entity_id
ON story_entities BEGIN
    DELETE FROM _searched_groups WHERE story_group_id = old.story_group_id;
    DELETE FROM _searched_groups WHERE story_group_id = new.story_group_id;
END;
CREATE TRIGGER story_entities_reworded AFTER UPDATE OF mention_text ON story_entities
WHEN new.mention_text <> old.mention_text AND new.mention_key IS old.mention_key BEGIN
    UPDATE story_entities SET mention_key = NULL
    WHERE story_group_id = new.story_group_id AND ordinal = new.ordinal;
END;

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
CREATE TRIGGER mention_decisions_added AFTER INSERT ON mention_decisions BEGIN
    DELETE FROM tombstones WHERE table_name = 'mention_decisions'
        AND key = json_array(new.mention_key, new.entity_type, new.hints,
            new.verdict, new.target_type, new.target_external_id);
END;
CREATE TRIGGER mention_decisions_rekeyed AFTER UPDATE ON mention_decisions
WHEN json_array(new.mention_key, new.entity_type, new.hints, new.verdict, new.target_type, new.target_external_id)
    <> json_array(old.mention_key, old.entity_type, old.hints, old.verdict, old.target_type, old.target_external_id) BEGIN
    DELETE FROM tombstones WHERE table_name = 'mention_decisions'
        AND key = json_array(old.mention_key, old.entity_type, old.hints,
            old.verdict, old.target_type, old.target_external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('mention_decisions', json_array(old.mention_key, old.entity_type, old.hints,
                       old.verdict, old.target_type, old.target_external_id),
        strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
    DELETE FROM tombstones WHERE table_name = 'mention_decisions'
        AND key = json_array(new.mention_key, new.entity_type, new.hints,
            new.verdict, new.target_type, new.target_external_id);
END;
CREATE TRIGGER mention_decisions_touched AFTER UPDATE ON mention_decisions WHEN new.changed_at = old.changed_at BEGIN
    UPDATE mention_decisions SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE id = new.id AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER mention_decisions_removed AFTER DELETE ON mention_decisions BEGIN
    DELETE FROM tombstones WHERE table_name = 'mention_decisions'
        AND key = json_array(old.mention_key, old.entity_type, old.hints,
            old.verdict, old.target_type, old.target_external_id);
    INSERT INTO tombstones (table_name, key, removed_at)
    VALUES ('mention_decisions', json_array(old.mention_key, old.entity_type, old.hints,
                       old.verdict, old.target_type, old.target_external_id),
        strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));
END;
CREATE TRIGGER audit_items_touched AFTER UPDATE OF verdict ON audit_items WHEN new.changed_at = old.changed_at BEGIN
    UPDATE audit_items SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE audit_id = new.audit_id AND ordinal = new.ordinal AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
CREATE TRIGGER meta_touched AFTER UPDATE OF value ON meta
WHEN new.value <> old.value AND new.changed_at = old.changed_at BEGIN
    UPDATE meta SET changed_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
    WHERE key = new.key AND changed_at <> strftime('%Y-%m-%dT%H:%M:%SZ', 'now');
END;
