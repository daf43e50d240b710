-- gleaner: one SQLite file holds the stories, the catalog, what was asked and paid, and what was learned.
--
-- This is how it reads after the last step of src/store/migrations/, which are what runs; a test holds the two equal.
-- application_id 0x676C6E72 ("glnr"); user_version counts the steps.
-- Rollback journal, synchronous FULL, never WAL: between transactions this one file is whole and may be copied.
--
-- Ids: `id` is an integer key for joining; `external_id` is the id outside of this file: your own for groups and
-- entities, the provider's for batches. Views that end in `_named` give names and outside ids back. Times are UTC, ISO 8601, as text. Hashes are hexadecimal or 16-byte blobs.

-- Facts about the file itself: db_id (who we are at the provider), active_profile (profiles.id), catalog_version, …
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------- what was loaded

-- A few news stories about one event.
CREATE TABLE story_groups (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,      -- your id
    wire_id     TEXT UNIQUE,               -- '~' + 32 hex digits where external_id can't be sent as it is; else NULL
    title       TEXT,
    status      TEXT NOT NULL DEFAULT 'active', -- only 'active' groups are sent
    created_at  TEXT,                      -- as loaded; NULL where the source had none
    sort_at     TEXT,                      -- created_at, else the latest published_at, else NULL: newest is sent first
    text_hash   BLOB,                      -- of all that is sent of it; NULL = no text, never sent
    loaded_at   TEXT NOT NULL
);
CREATE INDEX story_groups_sort ON story_groups (sort_at DESC, id);

-- The stories of a group, replaced as a set when the group is loaded again.
CREATE TABLE stories (
    id             INTEGER PRIMARY KEY,
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id) ON DELETE CASCADE,
    ordinal        INTEGER NOT NULL,       -- 1 is the first
    title          TEXT,
    text           TEXT NOT NULL,
    url            TEXT,
    published_at   TEXT,
    attributes     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)), -- other columns of the table it came from
    UNIQUE (story_group_id, ordinal)
);

-- The catalog: who and what a mention can be linked to. (type, external_id) names an entity.
CREATE TABLE entities (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    type        TEXT NOT NULL,             -- the catalog's own word: person, company, team
    name        TEXT NOT NULL,
    attributes  TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)), -- {"team":"KC","position":"QB"}
    loaded_at   TEXT NOT NULL,
    UNIQUE (type, external_id)
);
CREATE INDEX entities_name ON entities (name COLLATE NOCASE);

-- Other names of an entity, as the catalog gives them. Names that people taught are in `decisions`.
CREATE TABLE entity_aliases (
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    alias     TEXT NOT NULL,
    PRIMARY KEY (entity_id, alias)
) WITHOUT ROWID;
CREATE INDEX entity_aliases_alias ON entity_aliases (alias COLLATE NOCASE);

-- ------------------------------------------------------------------------------------------------ what is asked, and how

-- The texts of profiles that were ever active here, whole: an upgrade of the program changes no question.
CREATE TABLE profiles (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    text     TEXT NOT NULL,                -- TOML
    sha256   TEXT NOT NULL UNIQUE,
    added_at TEXT NOT NULL
);

-- One question put to one model: everything of a request except the story.
CREATE TABLE asks (
    id           INTEGER PRIMARY KEY,
    fingerprint  TEXT NOT NULL UNIQUE,     -- over the profile's sources, model and parameters
    kind         TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    profile_id   INTEGER REFERENCES profiles (id), -- NULL: asked with a profile that was never active here
    model        TEXT NOT NULL,
    endpoint     TEXT NOT NULL,            -- /v1/responses or /v1/chat/completions
    parameters   TEXT NOT NULL,            -- JSON, what was set only
    instructions TEXT NOT NULL,            -- the prompt as sent
    schema_name  TEXT NOT NULL,
    schema       TEXT NOT NULL,            -- JSON schema as sent
    created_at   TEXT NOT NULL,
    item_limit   INTEGER NOT NULL DEFAULT 20 -- most topics or entities kept of an answer
);

-- Where answers come from. What a sandbox answers never counts as answered elsewhere.
CREATE TABLE origins (
    id         INTEGER PRIMARY KEY,
    base_url   TEXT NOT NULL UNIQUE,
    is_sandbox INTEGER NOT NULL DEFAULT 0,
    added_at   TEXT NOT NULL,
    dialect    TEXT NOT NULL DEFAULT 'openai', -- whose API it speaks
    capabilities TEXT CHECK (capabilities IS NULL OR json_valid(capabilities)) -- what probing found; NULL: never probed
);

-- ---------------------------------------------------------------------------------------------------------- the ledger

-- All that one command asked.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,           -- run-YYYYMMDD-HHMMSS-xxxx
    mode       TEXT NOT NULL CHECK (mode IN ('batch', 'direct', 'compare')),
    origin_id  INTEGER REFERENCES origins (id), -- NULL: made without network, not sent yet
    created_at TEXT NOT NULL,
    file_stem  TEXT,                       -- knowledge_extraction_batch_YYYYMMDD_HHMMSS; NULL for direct runs
    n_groups   INTEGER NOT NULL DEFAULT 0,
    n_requests INTEGER NOT NULL DEFAULT 0
);

-- A part of a run while it waits here, a batch once the provider has it.
CREATE TABLE batches (
    id             INTEGER PRIMARY KEY,
    run_id         TEXT NOT NULL REFERENCES runs (id),
    part           INTEGER NOT NULL,       -- 1-based within the run
    -- planned: waits here. uploading, uploaded, creating: on its way (a crash leaves it so, the next command finds out).
    -- open: at the provider. ended: terminal there, not yet read. imported: both files read. gone: 404 at its origin.
    -- given_up: by the user. replaced: refused or split; its requests moved to another part. withdrawn: plan dropped.
    state          TEXT NOT NULL CHECK (state IN ('planned', 'uploading', 'uploaded', 'creating', 'open', 'ended',
                                                  'imported', 'gone', 'given_up', 'replaced', 'withdrawn')),
    external_id    TEXT UNIQUE,            -- the provider's id; NULL until it is known
    origin_id      INTEGER REFERENCES origins (id), -- NULL: never sent
    status         TEXT,                   -- the provider's word, verbatim
    gleaner_key    TEXT UNIQUE,            -- fresh for each try: what we look for at the provider when in doubt
    sha256         TEXT,                   -- of the request file as uploaded
    input_file_path TEXT,                  -- relative to the folder of this database; the file may be gone
    input_bytes    INTEGER,
    input_file_id  TEXT,
    output_file_id TEXT,
    error_file_id  TEXT,
    model          TEXT NOT NULL,
    n_groups       INTEGER NOT NULL,
    n_requests     INTEGER NOT NULL,       -- sent = usable + unusable + failed + missing, counted from the lines
    estimated_input_tokens INTEGER NOT NULL,
    estimated_cost_usd REAL,               -- NULL: price unknown
    counts_total   INTEGER,                -- request_counts as last seen; not evidence
    counts_completed INTEGER,
    counts_failed  INTEGER,
    intent_at      TEXT,                   -- when the current try to submit began
    created_at     TEXT,                   -- the provider's times
    expires_at     TEXT,
    completed_at   TEXT,                   -- when it became terminal there
    checked_at     TEXT,                   -- when we last looked
    moved_at       TEXT,                   -- when status or counts last changed
    imported_at    TEXT,
    not_before     TEXT,                   -- the queue was full: next try
    n_refusals     INTEGER NOT NULL DEFAULT 0, -- how often the queue was full
    remote_deleted_at TEXT,                -- `batch clean` deleted the provider's files
    n_foreign      INTEGER NOT NULL DEFAULT 0,
    n_duplicate    INTEGER NOT NULL DEFAULT 0, -- the most that one import of its files saw
    n_clamped      INTEGER NOT NULL DEFAULT 0, -- values out of range, brought into it
    n_repaired     INTEGER NOT NULL DEFAULT 0, -- answers whose JSON had to be mended
    errors         TEXT,                   -- JSON list of {code, message, line, custom_id}: why the provider failed it
    metadata       TEXT,                   -- JSON, as sent
    found_by       TEXT                    -- after an unclear create: key, input_file, …; NULL: it was answered at once
);
CREATE INDEX batches_run ON batches (run_id, part);
CREATE INDEX batches_state ON batches (state);

-- The ledger: one row for each time a group was asked for its topics or its entities. A later row has a larger id.
CREATE TABLE requests (
    id             INTEGER PRIMARY KEY,
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    ask_id         INTEGER NOT NULL REFERENCES asks (id),
    text_hash      BLOB NOT NULL,          -- fingerprint of the request = (ask, text_hash)
    run_id         TEXT NOT NULL REFERENCES runs (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly, without the Batch API
    sandbox        INTEGER NOT NULL DEFAULT 0, -- asked at a sandbox: counts only there
    trial          INTEGER NOT NULL DEFAULT 0, -- asked by `compare`: counts for nothing until adopted
    attempt        INTEGER NOT NULL DEFAULT 1,
    -- planned: waits in a part. sent: in flight. usable, unusable (paid for nothing), refused (4xx in the line),
    -- failed (never billed), missing (in neither file), withdrawn (its plan was dropped, never sent).
    state          TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'usable', 'unusable', 'refused', 'failed',
                                                  'missing', 'withdrawn')),
    reason         TEXT,                   -- refusal, incomplete, not_json, batch_expired, ghost, http_400, …; NULL if usable
    custom_id      TEXT                    -- as it was sent; NULL: before it was kept, or never sent
);
CREATE INDEX requests_group ON requests (story_group_id, kind, id);
CREATE UNIQUE INDEX requests_batch ON requests (batch_id, story_group_id, kind) WHERE batch_id IS NOT NULL;
CREATE INDEX requests_run ON requests (run_id);

-- What came back for a request, and what it cost.
CREATE TABLE answers (
    request_id     INTEGER PRIMARY KEY REFERENCES requests (id),
    answered_at    TEXT,                   -- the answer's own time, else the batch's end
    model          TEXT,                   -- the model that says it answered
    response_id    TEXT,
    text           TEXT,                   -- the model's text, whole; `gleaner rebuild` reads it again
    raw            TEXT,                   -- the line itself, at most 64 KiB, where it is not usable
    message        TEXT,                   -- why it is not usable, in words
    repaired       INTEGER NOT NULL DEFAULT 0, -- whether its JSON had to be mended
    clamped        INTEGER NOT NULL DEFAULT 0, -- values out of range, brought into it
    input_tokens   INTEGER,                -- NULL: the line told no usage, so it was not billed
    cached_tokens  INTEGER,
    output_tokens  INTEGER,
    reasoning_tokens INTEGER,
    cost_usd       REAL,                   -- NULL: price unknown or not billed
    sync_cost_usd  REAL,                   -- what the same would have cost without the Batch API
    cache_write_tokens INTEGER             -- NULL: the line told none
);

-- Lines of an output file that nobody asked for: set aside, never used.
CREATE TABLE foreign_lines (
    id        INTEGER PRIMARY KEY,
    batch_id  INTEGER NOT NULL REFERENCES batches (id),
    custom_id TEXT,
    line      TEXT NOT NULL,               -- at most 64 KiB
    UNIQUE (batch_id, custom_id, line)
);

-- The enqueued-token limit of a model, as learned from the provider's refusal.
CREATE TABLE queue_limits (
    origin_id  INTEGER NOT NULL REFERENCES origins (id),
    model      TEXT NOT NULL,
    max_tokens INTEGER NOT NULL,
    learned_at TEXT NOT NULL,
    PRIMARY KEY (origin_id, model)
) WITHOUT ROWID;

-- ---------------------------------------------------------------------------------------------------- what was learned

-- Which request's answer a group's topics or entities come from: the one asked last that is usable.
CREATE TABLE current_answers (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    request_id     INTEGER NOT NULL REFERENCES requests (id),
    PRIMARY KEY (story_group_id, kind)
) WITHOUT ROWID;

-- What a group is about.
CREATE TABLE story_topics (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    topic          TEXT NOT NULL,          -- trimmed, lower case, single spaces
    display        TEXT NOT NULL,          -- as the model wrote it: NASA stays NASA
    said           TEXT,                   -- what the model said, where `topics merge` made another topic of it; else NULL
    confidence     REAL NOT NULL,          -- 0 to 1
    rank           INTEGER NOT NULL,       -- 1 is the main topic
    ask_id         INTEGER NOT NULL REFERENCES asks (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly
    extracted_at   TEXT,                   -- when it was answered, by the answer
    PRIMARY KEY (story_group_id, topic)
) WITHOUT ROWID;
CREATE INDEX story_topics_topic ON story_topics (topic);

-- Who and what a group names, and which catalog entity each mention is.
CREATE TABLE story_entities (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    ordinal        INTEGER NOT NULL,       -- place in the answer, from 1
    entity_type    TEXT NOT NULL,          -- the profile's word
    mention_text   TEXT NOT NULL,          -- as the stories write it
    hints          TEXT CHECK (hints IS NULL OR json_valid(hints)), -- {"team":"KC"}; NULL: none given
    entity_id      INTEGER REFERENCES entities (id), -- NULL: not linked
    outcome        TEXT NOT NULL CHECK (outcome IN ('linked', 'ambiguous', 'unknown')),
    method         TEXT NOT NULL,          -- how it was decided: exact, alias, fuzzy, decision, …
    score          REAL NOT NULL,          -- probability that the link is right, 0 to 1; of the best candidate if unlinked
    confidence     REAL NOT NULL,          -- the model's, 0 to 1
    is_primary     INTEGER NOT NULL,
    rank           INTEGER NOT NULL,
    ask_id         INTEGER NOT NULL REFERENCES asks (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly
    extracted_at   TEXT,
    PRIMARY KEY (story_group_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX story_entities_entity ON story_entities (entity_id, is_primary) WHERE entity_id IS NOT NULL;
-- Unlinked, and nobody has said yet that the catalog does not have it: the queue of `unresolved`.
-- (Its last two columns are there so that it answers by itself.)
CREATE INDEX story_entities_unlinked ON story_entities (entity_type, mention_text, method, entity_id)
    WHERE entity_id IS NULL AND method <> 'decision';

-- What people decided about topics: applied to what is there at once, and to every later import.
CREATE TABLE topic_decisions (
    topic      TEXT NOT NULL,              -- as in story_topics: lower case
    verdict    TEXT NOT NULL CHECK (verdict IN ('is', 'not')), -- it is the target / it is another topic than the target
    target     TEXT NOT NULL,              -- never itself the `topic` of a row with verdict 'is': chains are flattened
    display    TEXT NOT NULL,              -- the target as it is shown
    decided_at TEXT NOT NULL,
    PRIMARY KEY (topic, verdict, target)
) WITHOUT ROWID;
CREATE UNIQUE INDEX topic_decisions_is ON topic_decisions (topic) WHERE verdict = 'is';

-- What people decided about mentions: kept apart from the catalog, survives its reload, consulted first.
CREATE TABLE decisions (
    id            INTEGER PRIMARY KEY,
    mention_key   TEXT NOT NULL,           -- the normalized mention
    mention       TEXT NOT NULL,           -- as it was shown
    entity_type   TEXT NOT NULL DEFAULT '', -- the profile's word; '' = any
    hints         TEXT NOT NULL DEFAULT '{}', -- the decision holds where these hints agree; {} = always
    verdict       TEXT NOT NULL CHECK (verdict IN ('is', 'not', 'nothing')), -- is / is not that entity; is none at all
    target_type   TEXT,                    -- NULL with verdict 'nothing'
    target_external_id TEXT,
    decided_at    TEXT NOT NULL,
    UNIQUE (mention_key, entity_type, hints, verdict, target_type, target_external_id)
);

-- Which groups the full-text index holds as they are now. The index itself (`story_search`, FTS5) is made by the first
-- `search`; whoever changes a group, its topics or its links takes its row out here, and the next search reads it again.
CREATE TABLE searched_groups (
    story_group_id INTEGER PRIMARY KEY REFERENCES story_groups (id) ON DELETE CASCADE,
    doc            INTEGER NOT NULL UNIQUE -- rowid in the index; what stands under other rowids there is outdated
);

-- Samples drawn by `audit` to find out how far the result can be trusted.
CREATE TABLE audits (
    id         INTEGER PRIMARY KEY,
    what       TEXT NOT NULL CHECK (what IN ('links', 'topics')),
    seed       INTEGER NOT NULL,           -- the same seed on the same data draws the same sample
    created_at TEXT NOT NULL
);

-- The items of a sample, with what was judged of each. They keep what was shown, so that the result stays what it was
-- when links change afterwards.
CREATE TABLE audit_items (
    audit_id       INTEGER NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
    ordinal        INTEGER NOT NULL,       -- the order in which they are shown
    stratum        TEXT NOT NULL,          -- method and band of the score, as in 'fuzzy 0.8-0.9'
    weight         REAL NOT NULL,          -- how many items of the database this one stands for
    story_group_id INTEGER REFERENCES story_groups (id) ON DELETE SET NULL, -- NULL: the group is gone
    item           TEXT NOT NULL,          -- the mention, or the topic
    item_type      TEXT NOT NULL,          -- the mention's type; 'topic'
    method         TEXT NOT NULL,
    score          REAL NOT NULL,
    hints          TEXT,                   -- of the mention
    entity_id      INTEGER REFERENCES entities (id) ON DELETE SET NULL, -- what the mention was linked to
    verdict        TEXT CHECK (verdict IN ('right', 'wrong', 'unsure')), -- NULL: not judged yet
    judged_at      TEXT,
    PRIMARY KEY (audit_id, ordinal)
) WITHOUT ROWID;

-- The name index of the catalog, packed by the resolver: made from `entities` and `entity_aliases`, can be deleted at any
-- time. id = kind of page * 2^32 + its number.
CREATE TABLE name_index (
    id   INTEGER PRIMARY KEY,
    page BLOB NOT NULL
);

-- Entities whose names or attributes changed since the index was packed, by whatever program: they count instead of what
-- the index says of them, and are packed into it when they are many.
CREATE TABLE name_index_stale (
    entity_id INTEGER PRIMARY KEY
);
CREATE TRIGGER entities_added AFTER INSERT ON entities BEGIN
    INSERT INTO name_index_stale SELECT new.id WHERE new.id NOT IN (SELECT entity_id FROM name_index_stale);
END;
CREATE TRIGGER entities_changed AFTER UPDATE OF external_id, type, name, attributes ON entities BEGIN
    INSERT INTO name_index_stale SELECT new.id WHERE new.id NOT IN (SELECT entity_id FROM name_index_stale);
END;
CREATE TRIGGER entities_removed AFTER DELETE ON entities BEGIN
    INSERT INTO name_index_stale SELECT old.id WHERE old.id NOT IN (SELECT entity_id FROM name_index_stale);
END;
CREATE TRIGGER entity_aliases_added AFTER INSERT ON entity_aliases BEGIN
    INSERT INTO name_index_stale SELECT new.entity_id WHERE new.entity_id NOT IN (SELECT entity_id FROM name_index_stale);
END;
CREATE TRIGGER entity_aliases_removed AFTER DELETE ON entity_aliases BEGIN
    INSERT INTO name_index_stale SELECT old.entity_id WHERE old.entity_id NOT IN (SELECT entity_id FROM name_index_stale);
END;

-- ------------------------------------------------------------------------------------------------------ views with names

-- Every mention with your ids and the linked entity's name.
CREATE VIEW story_entities_named AS
SELECT g.external_id AS group_id, g.title AS group_title, se.ordinal, se.entity_type, se.mention_text, se.hints,
       e.external_id AS entity_id, e.type AS catalog_type, e.name AS entity_name, se.outcome, se.method, se.score,
       se.confidence, se.is_primary, se.rank, se.extracted_at
FROM story_entities se
JOIN story_groups g ON g.id = se.story_group_id
LEFT JOIN entities e ON e.id = se.entity_id;

-- Every topic with your group ids.
CREATE VIEW story_topics_named AS
SELECT g.external_id AS group_id, g.title AS group_title, st.topic, st.display, st.confidence, st.rank, st.extracted_at
FROM story_topics st
JOIN story_groups g ON g.id = st.story_group_id;

-- One row a group: what is known of it.
CREATE VIEW group_overview AS
SELECT g.external_id AS group_id, g.title, g.status, g.created_at,
       (SELECT count(*) FROM stories s WHERE s.story_group_id = g.id) AS stories,
       (SELECT count(*) FROM story_topics t WHERE t.story_group_id = g.id) AS topics,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id) AS mentions,
       (SELECT count(*) FROM story_entities m WHERE m.story_group_id = g.id AND m.entity_id IS NOT NULL) AS linked,
       (SELECT t.display FROM story_topics t WHERE t.story_group_id = g.id ORDER BY t.rank, t.topic LIMIT 1) AS main_topic
FROM story_groups g;

-- Mentions that wait for a person or a better catalog, most frequent first.
CREATE VIEW unresolved_mentions AS
SELECT entity_type, mention_text, outcome, count(*) AS mentions, count(DISTINCT story_group_id) AS groups,
       max(score) AS best_score
FROM story_entities
WHERE entity_id IS NULL AND method <> 'decision'
GROUP BY entity_type, mention_text, outcome
ORDER BY mentions DESC, mention_text;

-- Which entities stand in the same groups; each pair once. On a large database ask `gleaner export cooccurrence`, which
-- reads the links once.
CREATE VIEW entity_cooccurrence AS
SELECT pair.entity_a, pair.entity_b, a.name AS name_a, a.type AS type_a, b.name AS name_b, b.type AS type_b, pair.groups
FROM (SELECT x.entity_id AS entity_a, y.entity_id AS entity_b, count(DISTINCT x.story_group_id) AS groups
      FROM story_entities x
      JOIN story_entities y ON y.story_group_id = x.story_group_id AND y.entity_id > x.entity_id
      WHERE x.entity_id IS NOT NULL
      GROUP BY x.entity_id, y.entity_id) pair
JOIN entities a ON a.id = pair.entity_a
JOIN entities b ON b.id = pair.entity_b;
