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
