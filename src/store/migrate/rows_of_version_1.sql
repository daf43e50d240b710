-- A database of version 1 with rows in every table: two groups, one batch imported at a provider, one answered by a
-- sandbox, one request refused, decisions of each kind, an audit, and a full-text index as version 1 made it.

INSERT INTO meta (key, value) VALUES ('db_id', '00112233445566778899aabbccddeeff'), ('created_at', '2026-01-01T00:00:00Z'),
    ('active_profile', '1'), ('catalog_version', '3');

INSERT INTO story_groups (id, external_id, wire_id, title, status, created_at, sort_at, text_hash, loaded_at) VALUES
    (1, 'g-1', NULL, 'Économie: la Grèce vote', 'active', '2026-01-02', '2026-01-02', x'00112233445566778899aabbccddeeff', '2026-01-05T00:00:00Z'),
    (2, 'a group/2', '~00112233445566778899aabbccddeeff', NULL, 'archived', NULL, '2026-01-03T10:00:00Z', NULL, '2026-01-05T00:00:00Z'),
    (9, 'g-9', NULL, 'Without stories', 'active', NULL, NULL, NULL, '2026-01-05T00:00:00Z');
INSERT INTO stories (id, story_group_id, ordinal, title, text, url, published_at) VALUES
    (1, 1, 1, 'La Grèce vote', 'Athènes, dimanche. NASA looks on.', 'https://example.org/1', '2026-01-02T08:00:00Z'),
    (2, 1, 2, NULL, 'A second story.', NULL, NULL),
    (3, 2, 1, NULL, 'Гагарин flew.', 'https://example.org/3', '2026-01-03T10:00:00Z');

INSERT INTO entities (id, external_id, type, name, attributes, loaded_at) VALUES
    (1, 'e-1', 'person', 'Юрий Гагарин', '{"country":"RU"}', '2026-01-05T00:00:00Z'),
    (2, 'e-1', 'agency', 'NASA', '{}', '2026-01-05T00:00:00Z'),
    (3, 'e-3', 'agency', 'National Aeronautics Authority', '{}', '2026-01-05T00:00:00Z');
INSERT INTO entity_aliases (entity_id, alias) VALUES (1, 'Gagarin'), (2, 'National Aeronautics and Space Administration');
DELETE FROM name_index_stale WHERE entity_id <> 3;
INSERT INTO name_index (id, page) VALUES (0, x'01'), (4294967296, x'0203');

INSERT INTO profiles (id, name, text, sha256, added_at) VALUES (1, 'news', 'name = "news"', 'aa', '2026-01-01T00:00:00Z');
INSERT INTO asks (id, fingerprint, kind, profile_id, model, endpoint, parameters, instructions, schema_name, schema,
                  created_at, item_limit) VALUES
    (1, 'f1', 'topic', 1, 'gpt-6-luna', '/v1/responses', '{"reasoning":"low"}', 'Topics!', 'topics', '{}', '2026-01-05T00:00:00Z', 10),
    (2, 'f2', 'entity', NULL, 'gpt-6-luna', '/v1/responses', '{}', 'Entities!', 'entities', '{}', '2026-01-05T00:00:00Z', 20);
INSERT INTO origins (id, base_url, is_sandbox, added_at) VALUES
    (1, 'https://api.openai.com/v1', 0, '2026-01-05T00:00:00Z'), (2, 'http://127.0.0.1:8080/v1', 1, '2026-01-05T00:00:00Z');

INSERT INTO runs (id, mode, origin_id, created_at, file_stem, n_groups, n_requests) VALUES
    ('run-20260105-000000-aaaa', 'batch', 1, '2026-01-05T00:00:00Z', 'knowledge_extraction_batch_20260105_000000', 2, 4),
    ('run-20260106-000000-bbbb', 'direct', 2, '2026-01-06T00:00:00Z', NULL, 1, 1),
    ('run-20260107-000000-cccc', 'batch', NULL, '2026-01-07T00:00:00Z', 'knowledge_extraction_batch_20260107_000000', 1, 1);
INSERT INTO batches (id, run_id, part, state, external_id, origin_id, status, gleaner_key, sha256, input_file_path,
        input_bytes, input_file_id, output_file_id, error_file_id, model, n_groups, n_requests, estimated_input_tokens,
        estimated_cost_usd, counts_total, counts_completed, counts_failed, intent_at, created_at, expires_at, completed_at,
        checked_at, moved_at, imported_at, not_before, n_refusals, remote_deleted_at, n_foreign, n_duplicate, n_clamped,
        n_repaired, errors, metadata) VALUES
    (1, 'run-20260105-000000-aaaa', 1, 'imported', 'batch_1', 1, 'completed', 'k1', 's1', 'batch_files/1.jsonl', 2048,
        'file-1', 'file-2', 'file-3', 'gpt-6-luna', 2, 4, 4000, 0.01, 4, 3, 1, '2026-01-05T00:00:01Z',
        '2026-01-05T00:00:02Z', '2026-01-06T00:00:02Z', '2026-01-05T01:00:00Z', '2026-01-05T01:00:01Z',
        '2026-01-05T01:00:00Z', '2026-01-05T01:00:05Z', NULL, 2, '2026-01-08T00:00:00Z', 1, 1, 1, 1,
        '[{"code":"x","message":"y","line":null,"custom_id":null}]', '{"gleaner_run":"run-20260105-000000-aaaa"}'),
    (2, 'run-20260107-000000-cccc', 1, 'planned', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'gpt-6-luna',
        1, 1, 1000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-01-07T01:00:00Z', 0, NULL, 0,
        0, 0, 0, NULL, NULL);
INSERT INTO requests (id, story_group_id, kind, ask_id, text_hash, run_id, batch_id, sandbox, trial, attempt, state, reason) VALUES
    (1, 1, 'topic', 1, x'00112233445566778899aabbccddeeff', 'run-20260105-000000-aaaa', 1, 0, 0, 1, 'usable', NULL),
    (2, 1, 'entity', 2, x'00112233445566778899aabbccddeeff', 'run-20260105-000000-aaaa', 1, 0, 0, 1, 'usable', NULL),
    (3, 2, 'topic', 1, x'ffeeddccbbaa99887766554433221100', 'run-20260105-000000-aaaa', 1, 0, 0, 2, 'unusable', 'not_json'),
    (4, 2, 'entity', 2, x'ffeeddccbbaa99887766554433221100', 'run-20260105-000000-aaaa', 1, 0, 0, 1, 'refused', 'http_400'),
    (5, 2, 'topic', 1, x'ffeeddccbbaa99887766554433221100', 'run-20260106-000000-bbbb', NULL, 1, 1, 1, 'usable', NULL),
    (6, 2, 'topic', 1, x'ffeeddccbbaa99887766554433221100', 'run-20260107-000000-cccc', 2, 0, 0, 3, 'planned', NULL);
INSERT INTO answers (request_id, answered_at, model, response_id, text, raw, message, repaired, clamped, input_tokens,
        cached_tokens, output_tokens, reasoning_tokens, cost_usd, sync_cost_usd) VALUES
    (1, '2026-01-05T00:30:00Z', 'gpt-6-luna-2026', 'resp_1', '{"topics":[]}', NULL, NULL, 1, 2, 1000, 100, 50, 20, 0.0005, 0.001),
    (2, '2026-01-05T00:31:00Z', 'gpt-6-luna-2026', 'resp_2', '{"entities":[]}', NULL, NULL, 0, 0, 1000, 0, 60, 0, 0.0006, 0.0012),
    (3, NULL, 'gpt-6-luna-2026', 'resp_3', 'hm', '{"custom_id":"topic_x"}', 'it is not JSON', 0, 0, 900, 0, 5, 0, 0.0004, 0.0008),
    (4, NULL, NULL, NULL, NULL, '{"custom_id":"entity_x"}', 'bad request', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL),
    (5, '2026-01-06T00:00:01Z', 'sandbox', 'resp_5', '{"topics":[]}', NULL, NULL, 0, 0, 10, 0, 5, 0, 0.0, 0.0);
INSERT INTO foreign_lines (id, batch_id, custom_id, line) VALUES (1, 1, 'topic_stranger', '{"custom_id":"topic_stranger"}'), (2, 1, NULL, 'not json');
INSERT INTO queue_limits (origin_id, model, max_tokens, learned_at) VALUES (1, 'gpt-6-luna', 2000000, '2026-01-05T00:00:00Z');

INSERT INTO current_answers (story_group_id, kind, request_id) VALUES (1, 'topic', 1), (1, 'entity', 2), (2, 'topic', 5);
INSERT INTO story_topics (story_group_id, topic, display, said, confidence, rank, ask_id, batch_id, extracted_at) VALUES
    (1, 'élection', 'Élection', 'Vote', 0.9, 1, 1, 1, '2026-01-05T00:30:00Z'),
    (1, 'nasa', 'NASA', NULL, 0.5, 2, 1, 1, '2026-01-05T00:30:00Z'),
    (2, 'spaceflight', 'Spaceflight', NULL, 1.0, 1, 1, NULL, '2026-01-06T00:00:01Z');
INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, hints, entity_id, outcome, method, score,
        confidence, is_primary, rank, ask_id, batch_id, extracted_at) VALUES
    (1, 1, 'organization', 'NASA', '{"country":"US"}', 2, 'linked', 'exact', 0.99, 0.9, 1, 1, 2, 1, '2026-01-05T00:31:00Z'),
    (1, 2, 'place', 'Athènes', NULL, NULL, 'unknown', 'none', 0.0, 0.8, 0, 2, 2, 1, '2026-01-05T00:31:00Z'),
    (1, 3, 'person', 'Nobody', NULL, NULL, 'unknown', 'decision', 1.0, 0.2, 0, 3, 2, 1, NULL);

INSERT INTO topic_decisions (topic, verdict, target, display, decided_at) VALUES
    ('vote', 'is', 'élection', 'Élection', '2026-01-06T00:00:00Z'), ('space', 'not', 'spaceflight', 'Spaceflight', '2026-01-06T00:00:00Z');
INSERT INTO decisions (id, mention_key, mention, entity_type, hints, verdict, target_type, target_external_id, decided_at) VALUES
    (1, 'nasa', 'NASA', 'organization', '{"country":"US"}', 'is', 'agency', 'e-1', '2026-01-06T00:00:00Z'),
    (2, 'nobody', 'Nobody', '', '{}', 'nothing', NULL, NULL, '2026-01-06T00:00:00Z'),
    (3, 'nasa', 'NASA', '', '{}', 'not', 'agency', 'e-3', '2026-01-06T00:00:01Z');

INSERT INTO audits (id, what, seed, created_at) VALUES (1, 'links', 7, '2026-01-07T00:00:00Z'), (2, 'topics', 8, '2026-01-07T00:00:00Z');
INSERT INTO audit_items (audit_id, ordinal, stratum, weight, story_group_id, item, item_type, method, score, hints,
        entity_id, verdict, judged_at) VALUES
    (1, 1, 'exact 0.9-1.0', 1.5, 1, 'NASA', 'organization', 'exact', 0.99, '{"country":"US"}', 2, 'right', '2026-01-07T00:01:00Z'),
    (2, 1, 'topic 0.9-1.0', 1.0, NULL, 'élection', 'topic', 'topic', 0.9, NULL, NULL, NULL, NULL);

CREATE VIRTUAL TABLE story_search USING fts5 (title, stories, topics, names, content = '',
    tokenize = 'porter unicode61 remove_diacritics 2');
INSERT INTO story_search (rowid, title, stories, topics, names) VALUES (4, 'Économie', 'La Grèce vote', 'Élection', 'NASA');
INSERT INTO searched_groups (story_group_id, doc) VALUES (1, 4);
