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
