-- Step 5: the views for people.

-- `sandbox` is 1 where a row comes from a rehearsal, or some of what it counts does.

-- Every mention with your ids and the linked entity's name. story_titles and story_urls are JSON lists in the stories'
-- order, null where a story has none.
CREATE VIEW story_entities_named AS
SELECT g.external_id AS group_id, g.title AS group_title, g.created_at AS group_created_at, se.ordinal, se.entity_type,
       se.mention_text, se.hints, e.external_id AS entity_id, e.type AS catalog_type, e.name AS entity_name, se.outcome,
       se.method, se.score, se.confidence, se.is_primary, se.rank, se.sandbox, se.extracted_at,
       (SELECT json_group_array(s.title) FROM (SELECT title FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_titles,
       (SELECT json_group_array(s.url) FROM (SELECT url FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_urls
FROM story_entities se
JOIN story_groups g ON g.id = se.story_group_id
LEFT JOIN entities e ON e.id = se.entity_id;

-- Every topic with your group ids; story_titles and story_urls as above.
CREATE VIEW story_topics_named AS
SELECT g.external_id AS group_id, g.title AS group_title, g.created_at AS group_created_at, st.topic, st.label,
       st.confidence, st.rank, st.sandbox, st.extracted_at,
       (SELECT json_group_array(s.title) FROM (SELECT title FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_titles,
       (SELECT json_group_array(s.url) FROM (SELECT url FROM stories WHERE story_group_id = g.id ORDER BY ordinal) s)
           AS story_urls
FROM story_topics st
JOIN story_groups g ON g.id = st.story_group_id;

-- One row a group: what is known of it.
CREATE VIEW group_overview AS
SELECT g.external_id AS group_id, g.title, g.status, g.created_at,
       (SELECT count(*) FROM stories s WHERE s.story_group_id = g.id) AS n_stories,
       (SELECT count(*) FROM story_topics t WHERE t.story_group_id = g.id) AS n_topics,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id) AS n_mentions,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id AND m.entity_id IS NOT NULL) AS n_linked,
       (SELECT t.label FROM story_topics t WHERE t.story_group_id = g.id ORDER BY t.rank, t.topic LIMIT 1) AS main_topic,
       EXISTS (SELECT 1 FROM story_topics t WHERE t.story_group_id = g.id AND t.sandbox = 1)
           OR EXISTS (SELECT 1 FROM story_entities m WHERE m.story_group_id = g.id AND m.sandbox = 1) AS sandbox
FROM story_groups g;

-- What was asked about each group and what it cost; rehearsals in rows of their own. Every attempt counts.
CREATE VIEW group_costs AS
SELECT g.external_id AS group_id, g.title AS group_title, r.sandbox, count(*) AS n_requests,
       count(a.request_id) AS n_answers, sum(r.state = 'usable') AS n_usable,
       CAST(total(a.input_tokens) AS INTEGER) AS input_tokens, CAST(total(a.output_tokens) AS INTEGER) AS output_tokens,
       total(a.cost_usd) AS cost_usd, total(CASE WHEN r.state <> 'usable' THEN a.cost_usd END) AS unusable_cost_usd,
       sum(a.input_tokens IS NOT NULL AND a.cost_usd IS NULL) AS n_unpriced
FROM requests r
JOIN story_groups g ON g.id = r.story_group_id
LEFT JOIN answers a ON a.request_id = r.id
WHERE r.state NOT IN ('planned', 'withdrawn')
GROUP BY r.story_group_id, r.sandbox;

-- Mentions that wait for a person or a better catalog, most frequent first.
CREATE VIEW unresolved_mentions AS
SELECT entity_type, mention_text, outcome, count(*) AS n_mentions, count(DISTINCT story_group_id) AS n_groups,
       max(score) AS best_score, max(sandbox) AS sandbox
FROM story_entities
WHERE entity_id IS NULL AND method <> 'decision'
GROUP BY entity_type, mention_text, outcome
ORDER BY n_mentions DESC, mention_text;

-- Which entities stand in the same groups; each pair once. On a large database ask `gleaner export cooccurrence`, which
-- reads the links once.
CREATE VIEW entity_cooccurrence AS
SELECT pair.entity_a, pair.entity_b, a.name AS name_a, a.type AS type_a, b.name AS name_b, b.type AS type_b,
       pair.n_groups, pair.sandbox
FROM (SELECT x.entity_id AS entity_a, y.entity_id AS entity_b, count(DISTINCT x.story_group_id) AS n_groups,
             max(x.sandbox) AS sandbox
      FROM story_entities x
      JOIN story_entities y ON y.story_group_id = x.story_group_id AND y.entity_id > x.entity_id
      WHERE x.entity_id IS NOT NULL
      GROUP BY x.entity_id, y.entity_id) pair
JOIN entities a ON a.id = pair.entity_a
JOIN entities b ON b.id = pair.entity_b;

-- How far the full-text index goes. It is complete when `story_search` is there and holds every group as it is now.
CREATE VIEW search_status AS
SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'story_search') AS has_index,
       (SELECT count(*) FROM story_groups) AS n_groups,
       (SELECT count(*) FROM _searched_groups) AS n_indexed,
       EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'story_search')
           AND (SELECT count(*) FROM story_groups) = (SELECT count(*) FROM _searched_groups) AS is_complete;
