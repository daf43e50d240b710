-- Step 7. Open until it is released; each addition stands in a block of its own.

-- --------------------------------------------------------------------------------------------------- date of a group

-- As exact as it was written: a day stays a day. `sort_at` is made of it.
ALTER TABLE story_groups ADD COLUMN date TEXT CHECK (date GLOB '[0-9][0-9][0-9][0-9]*');
UPDATE story_groups
SET date = coalesce(created_at, (SELECT max(s.published_at) FROM stories s WHERE s.story_group_id = story_groups.id));

DROP VIEW story_entities_named;
CREATE VIEW story_entities_named AS
SELECT g.external_id AS group_id, g.title AS group_title, g.date AS group_created_at, se.ordinal, se.entity_type,
       se.mention_text, se.hints, e.external_id AS entity_id, e.type AS catalog_type, e.name AS entity_name, se.outcome,
       se.method, se.score, se.confidence, se.is_primary, se.rank, se.sandbox, se.extracted_at,
       (SELECT json_group_array(s.title)
        FROM (SELECT coalesce(o.title, CASE WHEN NOT EXISTS (SELECT 1 FROM stories x WHERE x.story_group_id = g.id
                                                              AND x.ordinal <> o.ordinal) THEN g.title END) AS title
              FROM stories o WHERE o.story_group_id = g.id ORDER BY o.ordinal) s) AS story_titles,
       (SELECT json_group_array(s.url) FROM (SELECT url FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_urls
FROM story_entities se
JOIN story_groups g ON g.id = se.story_group_id
LEFT JOIN entities e ON e.id = se.entity_id;

DROP VIEW story_topics_named;
CREATE VIEW story_topics_named AS
SELECT g.external_id AS group_id, g.title AS group_title, g.date AS group_created_at, st.topic, st.label,
       st.confidence, st.rank, st.sandbox, st.extracted_at,
       (SELECT json_group_array(s.title)
        FROM (SELECT coalesce(o.title, CASE WHEN NOT EXISTS (SELECT 1 FROM stories x WHERE x.story_group_id = g.id
                                                              AND x.ordinal <> o.ordinal) THEN g.title END) AS title
              FROM stories o WHERE o.story_group_id = g.id ORDER BY o.ordinal) s) AS story_titles,
       (SELECT json_group_array(s.url) FROM (SELECT url FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_urls
FROM story_topics st
JOIN story_groups g ON g.id = st.story_group_id;

DROP VIEW group_overview;
CREATE VIEW group_overview AS
SELECT g.external_id AS group_id, g.title, g.status, g.date AS created_at,
       (SELECT count(*) FROM stories s WHERE s.story_group_id = g.id) AS n_stories,
       (SELECT count(*) FROM story_topics t WHERE t.story_group_id = g.id) AS n_topics,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id) AS n_mentions,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id AND m.entity_id IS NOT NULL) AS n_linked,
       (SELECT t.label FROM story_topics t WHERE t.story_group_id = g.id ORDER BY t.rank, t.topic LIMIT 1) AS main_topic,
       EXISTS (SELECT 1 FROM story_topics t WHERE t.story_group_id = g.id AND t.sandbox = 1)
           OR EXISTS (SELECT 1 FROM story_entities m WHERE m.story_group_id = g.id AND m.sandbox = 1) AS sandbox
FROM story_groups g;

-- ---------------------------------------------------------------------------------------- the provider's own counting

-- Tokens of a batch as the provider summed them up: they stand beside what the answers say and are no evidence.
ALTER TABLE batches ADD COLUMN n_reported_input_tokens INTEGER CHECK (n_reported_input_tokens >= 0);
ALTER TABLE batches ADD COLUMN n_reported_output_tokens INTEGER CHECK (n_reported_output_tokens >= 0);

-- ------------------------------------------------------------------------------------------------- forgotten groups

-- Of a group that was forgotten the ledger keeps state and cost of its requests, and not whom they were about.
ALTER TABLE requests ALTER COLUMN story_group_id DROP NOT NULL;

-- -------------------------------------------------------------------------------------------------------- grounding

-- Place of each mention in the stories of its group, noted when its answer is imported. grounding NULL: not looked for,
-- since it was imported before there were places, or the stories are others by now.
ALTER TABLE story_entities ADD COLUMN grounding TEXT
    CHECK (grounding IN ('exact', 'normalized', 'fuzzy', 'ungrounded'));
ALTER TABLE story_entities ADD COLUMN place_story INTEGER CHECK (place_story >= 1);
ALTER TABLE story_entities ADD COLUMN place_in TEXT CHECK (place_in IN ('title', 'text'));
ALTER TABLE story_entities ADD COLUMN place_at INTEGER CHECK (place_at >= 0);
ALTER TABLE story_entities ADD COLUMN place_length INTEGER CHECK (place_length >= 0);

DROP VIEW story_entities_named;
CREATE VIEW story_entities_named AS
SELECT g.external_id AS group_id, g.title AS group_title, g.date AS group_created_at, se.ordinal, se.entity_type,
       se.mention_text, se.hints, e.external_id AS entity_id, e.type AS catalog_type, e.name AS entity_name, se.outcome,
       se.method, se.score, se.confidence, se.is_primary, se.rank, se.grounding, se.sandbox, se.extracted_at,
       (SELECT json_group_array(s.title)
        FROM (SELECT coalesce(o.title, CASE WHEN NOT EXISTS (SELECT 1 FROM stories x WHERE x.story_group_id = g.id
                                                              AND x.ordinal <> o.ordinal) THEN g.title END) AS title
              FROM stories o WHERE o.story_group_id = g.id ORDER BY o.ordinal) s) AS story_titles,
       (SELECT json_group_array(s.url) FROM (SELECT url FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_urls
FROM story_entities se
JOIN story_groups g ON g.id = se.story_group_id
LEFT JOIN entities e ON e.id = se.entity_id;
