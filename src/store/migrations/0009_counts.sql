-- Step 9: `progress` adds up counts that are kept, and counts again only what changed.

-- --------------------------------------------------------------------------------------------------- counts of groups

DROP TABLE _totals;

CREATE TABLE _counts (
    bucket  INTEGER PRIMARY KEY,
    prompts TEXT,
    numbers TEXT NOT NULL
) STRICT;

CREATE TRIGGER story_groups_uncounted_added AFTER INSERT ON story_groups BEGIN
    DELETE FROM _counts WHERE bucket IN (new.id >> 8, 9223372036854775807);
END;
CREATE TRIGGER story_groups_uncounted_removed AFTER DELETE ON story_groups BEGIN
    DELETE FROM _counts WHERE bucket IN (old.id >> 8, 9223372036854775807);
END;
CREATE TRIGGER story_groups_uncounted_changed AFTER UPDATE OF id, status, text_hash ON story_groups BEGIN
    DELETE FROM _counts WHERE bucket IN (old.id >> 8, new.id >> 8, 9223372036854775807);
END;
CREATE TRIGGER stories_uncounted_added AFTER INSERT ON stories BEGIN
    DELETE FROM _counts WHERE bucket = new.story_group_id >> 8;
END;
CREATE TRIGGER stories_uncounted_removed AFTER DELETE ON stories BEGIN
    DELETE FROM _counts WHERE bucket = old.story_group_id >> 8;
END;
CREATE TRIGGER stories_uncounted_changed AFTER UPDATE OF story_group_id ON stories BEGIN
    DELETE FROM _counts WHERE bucket IN (old.story_group_id >> 8, new.story_group_id >> 8);
END;
CREATE TRIGGER requests_uncounted_added AFTER INSERT ON requests BEGIN
    DELETE FROM _counts WHERE bucket = new.story_group_id >> 8;
END;
CREATE TRIGGER requests_uncounted_removed AFTER DELETE ON requests BEGIN
    DELETE FROM _counts WHERE bucket = old.story_group_id >> 8;
END;
CREATE TRIGGER requests_uncounted_changed
AFTER UPDATE OF id, story_group_id, kind, prompt_id, text_hash, sandbox, is_comparison, state, reason ON requests BEGIN
    DELETE FROM _counts WHERE bucket IN (old.story_group_id >> 8, new.story_group_id >> 8);
END;
CREATE TRIGGER requests_uncounted_shared AFTER UPDATE OF id, kind, sandbox ON requests BEGIN
    DELETE FROM _counts WHERE bucket IN (SELECT story_group_id >> 8 FROM current_answers
                                         WHERE is_shared = 1 AND request_id IN (old.id, new.id));
END;
CREATE TRIGGER answers_uncounted_added AFTER INSERT ON answers BEGIN
    DELETE FROM _counts WHERE bucket = (SELECT story_group_id >> 8 FROM requests WHERE id = new.request_id);
END;
CREATE TRIGGER answers_uncounted_removed AFTER DELETE ON answers BEGIN
    DELETE FROM _counts WHERE bucket = (SELECT story_group_id >> 8 FROM requests WHERE id = old.request_id);
END;
CREATE TRIGGER answers_uncounted_changed
AFTER UPDATE OF request_id, input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd,
                sync_cost_usd ON answers BEGIN
    DELETE FROM _counts WHERE bucket IN (SELECT story_group_id >> 8 FROM requests
                                         WHERE id IN (old.request_id, new.request_id));
END;
CREATE TRIGGER current_answers_uncounted_added AFTER INSERT ON current_answers WHEN new.is_shared = 1 BEGIN
    DELETE FROM _counts WHERE bucket = new.story_group_id >> 8;
END;
CREATE TRIGGER current_answers_uncounted_removed AFTER DELETE ON current_answers WHEN old.is_shared = 1 BEGIN
    DELETE FROM _counts WHERE bucket = old.story_group_id >> 8;
END;
CREATE TRIGGER current_answers_uncounted_changed AFTER UPDATE ON current_answers
WHEN old.is_shared = 1 OR new.is_shared = 1 BEGIN
    DELETE FROM _counts WHERE bucket IN (old.story_group_id >> 8, new.story_group_id >> 8);
END;
CREATE TRIGGER story_topics_uncounted_added AFTER INSERT ON story_topics BEGIN
    DELETE FROM _counts WHERE bucket = new.story_group_id >> 8;
END;
CREATE TRIGGER story_topics_uncounted_removed AFTER DELETE ON story_topics BEGIN
    DELETE FROM _counts WHERE bucket = old.story_group_id >> 8;
END;
CREATE TRIGGER story_topics_uncounted_changed AFTER UPDATE OF story_group_id ON story_topics BEGIN
    DELETE FROM _counts WHERE bucket IN (old.story_group_id >> 8, new.story_group_id >> 8);
END;
CREATE TRIGGER story_entities_uncounted_added AFTER INSERT ON story_entities BEGIN
    DELETE FROM _counts WHERE bucket = new.story_group_id >> 8;
END;
CREATE TRIGGER story_entities_uncounted_removed AFTER DELETE ON story_entities BEGIN
    DELETE FROM _counts WHERE bucket = old.story_group_id >> 8;
END;
CREATE TRIGGER story_entities_uncounted_changed AFTER UPDATE OF story_group_id, entity_id, grounding ON story_entities
BEGIN
    DELETE FROM _counts WHERE bucket IN (old.story_group_id >> 8, new.story_group_id >> 8);
END;
