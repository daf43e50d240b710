-- Step 3: every table anew, STRICT and with checks, under the names it has for good; `changed_at` where two copies of a
-- database may both change a row, tombstones for what they remove, keys of mentions with an index. Every row is carried
-- over. What the new checks refuse (a program that knows nothing of them may have written it) is brought into range, and a
-- time that is none becomes NULL, or 1970 where there must be one.

DROP VIEW entity_cooccurrence;
DROP VIEW group_overview;
DROP VIEW story_entities_named;
DROP VIEW story_topics_named;
DROP VIEW unresolved_mentions;
DROP TRIGGER entities_added;
DROP TRIGGER entities_changed;
DROP TRIGGER entities_removed;
DROP TRIGGER entity_aliases_added;
DROP TRIGGER entity_aliases_removed;

-- The index of this version holds other things; the next search makes it.
DROP TABLE IF EXISTS story_search;
DROP TABLE searched_groups;

ALTER TABLE meta RENAME TO old_meta;
ALTER TABLE story_groups RENAME TO old_story_groups;
ALTER TABLE stories RENAME TO old_stories;
ALTER TABLE entities RENAME TO old_entities;
ALTER TABLE entity_aliases RENAME TO old_entity_aliases;
ALTER TABLE profiles RENAME TO old_profiles;
ALTER TABLE asks RENAME TO old_asks;
ALTER TABLE origins RENAME TO old_origins;
ALTER TABLE runs RENAME TO old_runs;
ALTER TABLE batches RENAME TO old_batches;
ALTER TABLE requests RENAME TO old_requests;
ALTER TABLE answers RENAME TO old_answers;
ALTER TABLE foreign_lines RENAME TO old_foreign_lines;
ALTER TABLE queue_limits RENAME TO old_queue_limits;
ALTER TABLE current_answers RENAME TO old_current_answers;
ALTER TABLE story_topics RENAME TO old_story_topics;
ALTER TABLE story_entities RENAME TO old_story_entities;
ALTER TABLE topic_decisions RENAME TO old_topic_decisions;
ALTER TABLE decisions RENAME TO old_decisions;
ALTER TABLE audits RENAME TO old_audits;
ALTER TABLE audit_items RENAME TO old_audit_items;
ALTER TABLE name_index RENAME TO old_name_index;
ALTER TABLE name_index_stale RENAME TO old_name_index_stale;

-- Facts about the file itself: db_id (who we are at the provider), active_profile (profiles.id), catalog_version, …
CREATE TABLE meta (
    key        TEXT NOT NULL PRIMARY KEY,
    value      TEXT NOT NULL,
    changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*')
) WITHOUT ROWID, STRICT;

-- ---------------------------------------------------------------------------------------------------- what was loaded

-- A few news stories about one event.
CREATE TABLE story_groups (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL UNIQUE,      -- your id
    wire_id     TEXT UNIQUE,               -- '~' + 32 hex digits where external_id can't be sent as it is; else NULL
    title       TEXT,
    status      TEXT NOT NULL DEFAULT 'active', -- only 'active' groups are sent
    -- As loaded, maybe only a year or a day; NULL where the source had none.
    created_at  TEXT CHECK (created_at GLOB '[0-9][0-9][0-9][0-9]*'),
    -- created_at, else the latest published_at, else NULL: newest is sent first
    sort_at     TEXT CHECK (sort_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    -- Of all that is sent of it; NULL = no text, never sent. Groups in `_stale_texts` have another text by now.
    text_hash   BLOB CHECK (length(text_hash) = 16),
    loaded_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (loaded_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    changed_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*') -- it or its stories
) STRICT;

-- The stories of a group, replaced as a set when the group is loaded again.
CREATE TABLE stories (
    id             INTEGER PRIMARY KEY,
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id) ON DELETE CASCADE,
    ordinal        INTEGER NOT NULL CHECK (ordinal >= 1), -- 1 is the first
    title          TEXT,
    text           TEXT NOT NULL,
    url            TEXT,
    published_at   TEXT CHECK (published_at GLOB '[0-9][0-9][0-9][0-9]*'),
    attributes     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)), -- other columns of the table it came from
    UNIQUE (story_group_id, ordinal)
) STRICT;

-- The catalog: who and what a mention can be linked to. (type, external_id) names an entity.
CREATE TABLE entities (
    id          INTEGER PRIMARY KEY,
    external_id TEXT NOT NULL,
    type        TEXT NOT NULL,             -- the catalog's own word: person, company, team
    name        TEXT NOT NULL,
    attributes  TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)), -- {"team":"KC","position":"QB"}
    loaded_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (loaded_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    changed_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'), -- it or its aliases
    UNIQUE (type, external_id)
) STRICT;

-- Other names of an entity, as the catalog gives them. Names that people taught are in `mention_decisions`.
CREATE TABLE entity_aliases (
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    alias     TEXT NOT NULL,
    PRIMARY KEY (entity_id, alias)
) WITHOUT ROWID, STRICT;

-- ------------------------------------------------------------------------------------------------ what is asked, and how

-- The texts of profiles that were ever active here, whole: an upgrade of the program changes no question.
CREATE TABLE profiles (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    text     TEXT NOT NULL,                -- TOML
    sha256   TEXT NOT NULL UNIQUE,
    added_at TEXT NOT NULL CHECK (added_at GLOB '[0-9]???-[01]?-[0-3]?*')
) STRICT;

-- One question put to one model: everything of a request except the story.
CREATE TABLE prompts (
    id           INTEGER PRIMARY KEY,
    fingerprint  TEXT NOT NULL UNIQUE,     -- over the profile's sources, model and parameters
    kind         TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    profile_id   INTEGER REFERENCES profiles (id), -- NULL: asked with a profile that was never active here
    model        TEXT NOT NULL,
    endpoint     TEXT NOT NULL,            -- /v1/responses or /v1/chat/completions
    parameters   TEXT NOT NULL CHECK (json_valid(parameters)), -- what was set only
    instructions TEXT NOT NULL,            -- the prompt as sent
    schema_name  TEXT NOT NULL,
    schema       TEXT NOT NULL CHECK (json_valid(schema)), -- JSON schema as sent
    created_at   TEXT NOT NULL CHECK (created_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    item_limit   INTEGER NOT NULL DEFAULT 20 CHECK (item_limit >= 0) -- most topics or entities kept of an answer
) STRICT;

-- Where answers come from. What a sandbox answers never counts as answered elsewhere.
CREATE TABLE origins (
    id           INTEGER PRIMARY KEY,
    base_url     TEXT NOT NULL UNIQUE,
    is_sandbox   INTEGER NOT NULL DEFAULT 0 CHECK (is_sandbox IN (0, 1)),
    dialect      TEXT NOT NULL DEFAULT 'openai', -- whose API it speaks
    capabilities TEXT CHECK (capabilities IS NULL OR json_valid(capabilities)), -- what probing found out; NULL: never probed
    added_at     TEXT NOT NULL CHECK (added_at GLOB '[0-9]???-[01]?-[0-3]?*')
) STRICT;

-- ---------------------------------------------------------------------------------------------------------- the ledger

-- All that one command asked.
CREATE TABLE runs (
    id         TEXT NOT NULL PRIMARY KEY,  -- run-YYYYMMDD-HHMMSS-xxxx
    mode       TEXT NOT NULL CHECK (mode IN ('batch', 'direct', 'compare')),
    origin_id  INTEGER REFERENCES origins (id), -- NULL: made without network, not sent yet
    created_at TEXT NOT NULL CHECK (created_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    file_stem  TEXT,                       -- knowledge_extraction_batch_YYYYMMDD_HHMMSS; NULL for direct runs
    n_groups   INTEGER NOT NULL DEFAULT 0 CHECK (n_groups >= 0),
    n_requests INTEGER NOT NULL DEFAULT 0 CHECK (n_requests >= 0)
) STRICT;

-- A part of a run while it waits here, a batch once the provider has it.
CREATE TABLE batches (
    id             INTEGER PRIMARY KEY,
    run_id         TEXT NOT NULL REFERENCES runs (id),
    part           INTEGER NOT NULL CHECK (part >= 1), -- 1-based within the run
    -- planned: waits here. uploading, uploaded, creating: on its way (a crash leaves it so, the next command finds out).
    -- open: at the provider. ended: terminal there, not yet read. imported: both files read. gone: 404 at its origin.
    -- uncertain: the provider claims what is not proven (see claim); looked at again, never sent again by itself.
    -- given_up: by the user. replaced: refused or split; its requests moved to another part. withdrawn: plan dropped.
    state          TEXT NOT NULL CHECK (state IN ('planned', 'uploading', 'uploaded', 'creating', 'open', 'ended',
                                                  'imported', 'uncertain', 'gone', 'given_up', 'replaced',
                                                  'withdrawn')),
    external_id    TEXT,                   -- the provider's id; NULL until it is known
    origin_id      INTEGER REFERENCES origins (id), -- NULL: never sent
    status         TEXT,                   -- the provider's word, verbatim
    gleaner_key    TEXT UNIQUE,            -- fresh for each try: what we look for at the provider when in doubt
    found_by       TEXT,                   -- after an unclear create: key, input_file, …; NULL: it was answered at once
    sha256         TEXT,                   -- of the request file as uploaded
    input_file_path TEXT,                  -- relative to the folder of this database; the file may be gone
    input_bytes    INTEGER CHECK (input_bytes >= 0),
    input_file_id  TEXT,
    output_file_id TEXT,
    error_file_id  TEXT,
    model          TEXT NOT NULL,
    n_groups       INTEGER NOT NULL CHECK (n_groups >= 0),
    -- Sent = usable + unusable + failed + missing, by the lines.
    n_requests     INTEGER NOT NULL CHECK (n_requests >= 0),
    estimated_input_tokens INTEGER NOT NULL CHECK (estimated_input_tokens >= 0),
    estimated_cost_usd REAL CHECK (estimated_cost_usd >= 0), -- NULL: price unknown
    -- The provider's request_counts as last seen; they explain and are no evidence. NULL: it gave none.
    n_reported     INTEGER CHECK (n_reported >= 0),
    n_reported_completed INTEGER CHECK (n_reported_completed >= 0),
    n_reported_failed INTEGER CHECK (n_reported_failed >= 0),
    intent_at      TEXT CHECK (intent_at GLOB '[0-9]???-[01]?-[0-3]?*'), -- when the current try to submit began
    created_at     TEXT,                   -- the provider's times
    expires_at     TEXT,
    completed_at   TEXT,                   -- when it became terminal there
    checked_at     TEXT CHECK (checked_at GLOB '[0-9]???-[01]?-[0-3]?*'), -- when we last looked
    -- When status or counts last changed.
    status_changed_at TEXT CHECK (status_changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    imported_at    TEXT CHECK (imported_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    not_before     TEXT CHECK (not_before GLOB '[0-9]???-[01]?-[0-3]?*'), -- the queue was full: next try
    n_refusals     INTEGER NOT NULL DEFAULT 0 CHECK (n_refusals >= 0), -- how often the queue was full
    -- `batch clean` deleted the provider's files.
    remote_deleted_at TEXT CHECK (remote_deleted_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    n_foreign      INTEGER NOT NULL DEFAULT 0 CHECK (n_foreign >= 0), -- lines nobody asked for, see foreign_lines
    n_duplicate    INTEGER NOT NULL DEFAULT 0 CHECK (n_duplicate >= 0), -- the most that one import of its files saw
    n_clamped      INTEGER NOT NULL DEFAULT 0 CHECK (n_clamped >= 0), -- values out of range, brought into it
    n_repaired     INTEGER NOT NULL DEFAULT 0 CHECK (n_repaired >= 0), -- answers whose JSON had to be mended
    -- List of {code, message, line, custom_id}: why the provider failed it.
    errors         TEXT CHECK (errors IS NULL OR json_valid(errors)),
    metadata       TEXT CHECK (metadata IS NULL OR json_valid(metadata)), -- as sent
    -- Of an uncertain batch. gone: the provider does not know it. answers: requests are in none of its files.
    claim          TEXT CHECK (claim IN ('gone', 'answers')),
    claimed_at     TEXT CHECK (claimed_at GLOB '[0-9]???-[01]?-[0-3]?*'), -- when the claim was first made
    n_claims       INTEGER NOT NULL DEFAULT 0 CHECK (n_claims >= 0) -- how many looks brought it in the API's own words
) STRICT;

-- The ledger: one row for each time a group was asked for its topics or its entities. A later row has a larger id.
CREATE TABLE requests (
    id             INTEGER PRIMARY KEY,
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    prompt_id      INTEGER NOT NULL REFERENCES prompts (id),
    text_hash      BLOB NOT NULL,          -- fingerprint of the request = (prompt, text_hash)
    run_id         TEXT NOT NULL REFERENCES runs (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly, without the Batch API
    custom_id      TEXT,                   -- as it was sent; NULL: not sent in a file
    sandbox        INTEGER NOT NULL DEFAULT 0 CHECK (sandbox IN (0, 1)), -- asked at a sandbox: counts only there
    -- Asked by `compare`: counts for nothing until it is adopted.
    is_comparison  INTEGER NOT NULL DEFAULT 0 CHECK (is_comparison IN (0, 1)),
    attempt        INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    -- planned: waits in a part. sent: in flight. usable, unusable (paid for nothing), refused (4xx in the line),
    -- failed (never billed), missing (in neither file), withdrawn (its plan was dropped, never sent).
    state          TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'usable', 'unusable', 'refused', 'failed',
                                                  'missing', 'withdrawn')),
    reason         TEXT                    -- refusal, incomplete, not_json, batch_expired, ghost, http_400, …; NULL if usable
) STRICT;

-- What came back for a request, and what it cost.
CREATE TABLE answers (
    request_id     INTEGER PRIMARY KEY REFERENCES requests (id),
    answered_at    TEXT,                   -- the answer's own time, else the batch's end
    model          TEXT,                   -- the model that says it answered
    response_id    TEXT,
    text           TEXT,                   -- the model's text, whole; `gleaner rebuild` reads it again
    raw            TEXT,                   -- the line itself, at most 64 KiB, where it is not usable
    message        TEXT,                   -- why it is not usable, in words
    is_repaired    INTEGER NOT NULL DEFAULT 0 CHECK (is_repaired IN (0, 1)), -- whether its JSON had to be mended
    n_clamped      INTEGER NOT NULL DEFAULT 0 CHECK (n_clamped >= 0), -- values out of range, brought into it
    input_tokens   INTEGER CHECK (input_tokens >= 0), -- NULL: the line told no usage, so it was not billed
    cached_tokens  INTEGER CHECK (cached_tokens >= 0),
    cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0), -- NULL: the line told none
    output_tokens  INTEGER CHECK (output_tokens >= 0),
    reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),
    cost_usd       REAL CHECK (cost_usd >= 0), -- NULL: price unknown or not billed
    sync_cost_usd  REAL CHECK (sync_cost_usd >= 0) -- what the same would have cost without the Batch API
) STRICT;

-- Lines of an output file that nobody asked for: set aside, never used.
CREATE TABLE foreign_lines (
    id        INTEGER PRIMARY KEY,
    batch_id  INTEGER NOT NULL REFERENCES batches (id),
    custom_id TEXT,
    line      TEXT NOT NULL,               -- at most 64 KiB
    UNIQUE (batch_id, custom_id, line)
) STRICT;

-- The enqueued-token limit of a model, as learned from the provider's refusal.
CREATE TABLE queue_limits (
    origin_id  INTEGER NOT NULL REFERENCES origins (id),
    model      TEXT NOT NULL,
    max_tokens INTEGER NOT NULL CHECK (max_tokens >= 0),
    learned_at TEXT NOT NULL CHECK (learned_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (origin_id, model)
) WITHOUT ROWID, STRICT;

-- ---------------------------------------------------------------------------------------------------- what was learned

-- Which request's answer a group's topics or entities come from: the one asked last that is usable.
CREATE TABLE current_answers (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    request_id     INTEGER NOT NULL REFERENCES requests (id),
    PRIMARY KEY (story_group_id, kind)
) WITHOUT ROWID, STRICT;

-- What a group is about.
CREATE TABLE story_topics (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    topic          TEXT NOT NULL,          -- trimmed, lower case, single spaces
    label          TEXT NOT NULL,          -- for showing, as the model wrote it: NASA stays NASA
    merged_from    TEXT,                   -- the model's label, where `topics merge` made another topic of it; else NULL
    confidence     REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    rank           INTEGER NOT NULL CHECK (rank >= 1), -- 1 is the main topic
    sandbox        INTEGER NOT NULL DEFAULT 0 CHECK (sandbox IN (0, 1)), -- a rehearsal: no model answered it
    prompt_id      INTEGER NOT NULL REFERENCES prompts (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly
    extracted_at   TEXT,                   -- when it was answered, by the answer
    PRIMARY KEY (story_group_id, topic)
) WITHOUT ROWID, STRICT;

-- Who and what a group names, and which catalog entity each mention is.
CREATE TABLE story_entities (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    ordinal        INTEGER NOT NULL CHECK (ordinal >= 1), -- place in the answer
    entity_type    TEXT NOT NULL,          -- the profile's word
    mention_text   TEXT NOT NULL,          -- as the stories write it
    mention_key    TEXT,                   -- its words, folded, as in mention_decisions; NULL: to be made anew
    hints          TEXT CHECK (hints IS NULL OR json_valid(hints)), -- {"team":"KC"}; NULL: none given
    entity_id      INTEGER REFERENCES entities (id), -- NULL: not linked
    outcome        TEXT NOT NULL CHECK (outcome IN ('linked', 'ambiguous', 'unknown')),
    method         TEXT NOT NULL,          -- how it was decided: exact, alias, fuzzy, decision, …
    -- Probability of the link; of the best candidate if unlinked.
    score          REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    confidence     REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1), -- the model's
    is_primary     INTEGER NOT NULL CHECK (is_primary IN (0, 1)),
    rank           INTEGER NOT NULL CHECK (rank >= 1),
    sandbox        INTEGER NOT NULL DEFAULT 0 CHECK (sandbox IN (0, 1)), -- a rehearsal: no model answered it
    prompt_id      INTEGER NOT NULL REFERENCES prompts (id),
    batch_id       INTEGER REFERENCES batches (id), -- NULL: asked directly
    extracted_at   TEXT,
    PRIMARY KEY (story_group_id, ordinal)
) WITHOUT ROWID, STRICT;

-- What people decided about topics: applied to what is there at once, and to every later import.
CREATE TABLE topic_decisions (
    topic      TEXT NOT NULL,              -- as in story_topics: lower case
    verdict    TEXT NOT NULL CHECK (verdict IN ('is', 'not')), -- it is the target / it is another topic than the target
    target     TEXT NOT NULL,              -- never itself the `topic` of a row with verdict 'is': chains are flattened
    target_label TEXT NOT NULL,            -- the target as it is shown
    decided_at TEXT NOT NULL CHECK (decided_at GLOB '[0-9][0-9][0-9][0-9]*'),
    changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (topic, verdict, target)
) WITHOUT ROWID, STRICT;

-- What people decided about mentions: kept apart from the catalog, survives its reload, consulted first.
CREATE TABLE mention_decisions (
    id            INTEGER PRIMARY KEY,
    mention_key   TEXT NOT NULL,           -- the normalized mention
    mention       TEXT NOT NULL,           -- as it was shown
    entity_type   TEXT NOT NULL DEFAULT '', -- the profile's word; '' = any
    hints         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(hints)), -- it holds where these hints agree; {} = always
    verdict       TEXT NOT NULL CHECK (verdict IN ('is', 'not', 'nothing')), -- is / is not that entity; is none at all
    target_type   TEXT,                    -- NULL with verdict 'nothing'
    target_external_id TEXT,
    decided_at    TEXT NOT NULL CHECK (decided_at GLOB '[0-9][0-9][0-9][0-9]*'),
    changed_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    UNIQUE (mention_key, entity_type, hints, verdict, target_type, target_external_id)
) STRICT;

-- What was removed from the tables whose rows have `changed_at`. A row that is there again has none.
CREATE TABLE tombstones (
    table_name TEXT NOT NULL,
    key        TEXT NOT NULL CHECK (json_valid(key)), -- what names the row in every copy of the file, as a list
    removed_at TEXT NOT NULL CHECK (removed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (table_name, key)
) WITHOUT ROWID, STRICT;

-- Samples drawn by `audit` to find out how far the result can be trusted.
CREATE TABLE audits (
    id         INTEGER PRIMARY KEY,
    what       TEXT NOT NULL CHECK (what IN ('links', 'topics')),
    seed       INTEGER NOT NULL,           -- the same seed on the same data draws the same sample
    created_at TEXT NOT NULL CHECK (created_at GLOB '[0-9]???-[01]?-[0-3]?*')
) STRICT;

-- The items of a sample, with what was judged of each. They keep what was shown, so that the result stays what it was
-- when links change afterwards.
CREATE TABLE audit_items (
    audit_id       INTEGER NOT NULL REFERENCES audits (id) ON DELETE CASCADE,
    ordinal        INTEGER NOT NULL,       -- the order in which they are shown
    stratum        TEXT NOT NULL,          -- method and band of the score, as in 'fuzzy 0.8-0.9'
    weight         REAL NOT NULL CHECK (weight >= 0), -- how many items of the database this one stands for
    story_group_id INTEGER REFERENCES story_groups (id) ON DELETE SET NULL, -- NULL: the group is gone
    item           TEXT NOT NULL,          -- the mention, or the topic
    item_type      TEXT NOT NULL,          -- the mention's type; 'topic'
    method         TEXT NOT NULL,
    score          REAL NOT NULL,
    hints          TEXT CHECK (hints IS NULL OR json_valid(hints)), -- of the mention
    entity_id      INTEGER REFERENCES entities (id) ON DELETE SET NULL, -- what the mention was linked to
    verdict        TEXT CHECK (verdict IN ('right', 'wrong', 'unsure')), -- NULL: not judged yet
    judged_at      TEXT CHECK (judged_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    changed_at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (audit_id, ordinal)
) WITHOUT ROWID, STRICT;

-- --------------------------------------------------------------------------------------------------------- machinery

-- The name index of the catalog, packed by the resolver: made from `entities` and `entity_aliases`, can be deleted at any
-- time. id = kind of page * 2^32 + its number.
CREATE TABLE _name_index (
    id   INTEGER PRIMARY KEY,
    page BLOB NOT NULL
) STRICT;

-- Entities whose names or attributes changed since the index was packed, by whatever program: they count instead of what
-- the index says of them, and are packed into it when they are many.
CREATE TABLE _name_index_stale (
    entity_id INTEGER PRIMARY KEY
) STRICT;

-- Groups whose text another program changed: their text_hash and sort_at are those of before.
CREATE TABLE _stale_texts (
    story_group_id INTEGER PRIMARY KEY
) STRICT;

-- Groups that the full-text index holds as they are now. The index itself is the FTS5 table `story_search`, whose rowid is
-- the group's id; the first `search` makes it, and each later one brings it up to date.
CREATE TABLE _searched_groups (
    story_group_id INTEGER PRIMARY KEY
) STRICT;

-- ------------------------------------------------------------------------------------------------- every row is carried over

INSERT INTO meta (key, value, changed_at)
SELECT key,
       value,
       coalesce((SELECT value FROM old_meta WHERE key = 'created_at' AND value GLOB '[0-9]???-[01]?-[0-3]?*'),
                '1970-01-01T00:00:00Z')
FROM old_meta;

INSERT INTO story_groups (id, external_id, wire_id, title, status, created_at, sort_at, text_hash, loaded_at,
    changed_at)
SELECT id, CAST(external_id AS TEXT), wire_id, CAST(title AS TEXT), CAST(status AS TEXT),
       CASE WHEN created_at GLOB '[0-9][0-9][0-9][0-9]*' THEN created_at END,
       CASE WHEN sort_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN sort_at END,
       CASE WHEN length(text_hash) = 16 THEN CAST(text_hash AS BLOB) END,
       CASE WHEN loaded_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN loaded_at ELSE '1970-01-01T00:00:00Z' END,
       CASE WHEN loaded_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN loaded_at ELSE '1970-01-01T00:00:00Z' END
FROM old_story_groups;

INSERT INTO stories (id, story_group_id, ordinal, title, text, url, published_at, attributes)
SELECT id, story_group_id, max(CAST(ordinal AS INTEGER), 1), CAST(title AS TEXT), CAST(text AS TEXT),
       CAST(url AS TEXT), CASE WHEN published_at GLOB '[0-9][0-9][0-9][0-9]*' THEN published_at END,
       CAST(attributes AS TEXT)
FROM old_stories;

INSERT INTO entities (id, external_id, type, name, attributes, loaded_at, changed_at)
SELECT id, CAST(external_id AS TEXT), CAST(type AS TEXT), CAST(name AS TEXT), CAST(attributes AS TEXT),
       CASE WHEN loaded_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN loaded_at ELSE '1970-01-01T00:00:00Z' END,
       CASE WHEN loaded_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN loaded_at ELSE '1970-01-01T00:00:00Z' END
FROM old_entities;

INSERT INTO entity_aliases (entity_id, alias)
SELECT entity_id, CAST(alias AS TEXT)
FROM old_entity_aliases;

INSERT INTO profiles (id, name, text, sha256, added_at)
SELECT id, name, text, sha256,
       CASE WHEN added_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN added_at ELSE '1970-01-01T00:00:00Z' END
FROM old_profiles;

INSERT INTO prompts (id, fingerprint, kind, profile_id, model, endpoint, parameters, instructions, schema_name,
    schema, created_at, item_limit)
SELECT id, fingerprint, kind, profile_id, model, endpoint,
       CASE WHEN json_valid(parameters) THEN parameters ELSE '{}' END, instructions, schema_name,
       CASE WHEN json_valid(schema) THEN schema ELSE '{}' END,
       CASE WHEN created_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN created_at ELSE '1970-01-01T00:00:00Z' END,
       max(CAST(item_limit AS INTEGER), 0)
FROM old_asks;

INSERT INTO origins (id, base_url, is_sandbox, dialect, capabilities, added_at)
SELECT id, base_url, is_sandbox <> 0, dialect, capabilities,
       CASE WHEN added_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN added_at ELSE '1970-01-01T00:00:00Z' END
FROM old_origins;

INSERT INTO runs (rowid, id, mode, origin_id, created_at, file_stem, n_groups, n_requests)
SELECT rowid, id, mode, origin_id,
       CASE WHEN created_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN created_at ELSE '1970-01-01T00:00:00Z' END,
       file_stem, max(CAST(n_groups AS INTEGER), 0), max(CAST(n_requests AS INTEGER), 0)
FROM old_runs;

INSERT INTO batches (id, run_id, part, state, external_id, origin_id, status, gleaner_key, found_by, sha256,
    input_file_path, input_bytes, input_file_id, output_file_id, error_file_id, model, n_groups, n_requests,
    estimated_input_tokens, estimated_cost_usd, n_reported, n_reported_completed, n_reported_failed, intent_at,
    created_at, expires_at, completed_at, checked_at, status_changed_at, imported_at, not_before, n_refusals,
    remote_deleted_at, n_foreign, n_duplicate, n_clamped, n_repaired, errors, metadata)
SELECT id, run_id, max(CAST(part AS INTEGER), 1), state, external_id, origin_id, status, gleaner_key, found_by,
       sha256, input_file_path, max(CAST(input_bytes AS INTEGER), 0), input_file_id, output_file_id,
       error_file_id, model, max(CAST(n_groups AS INTEGER), 0), max(CAST(n_requests AS INTEGER), 0),
       max(CAST(estimated_input_tokens AS INTEGER), 0), max(estimated_cost_usd, 0.0),
       max(CAST(counts_total AS INTEGER), 0), max(CAST(counts_completed AS INTEGER), 0),
       max(CAST(counts_failed AS INTEGER), 0),
       CASE WHEN intent_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN intent_at END, created_at, expires_at,
       completed_at, CASE WHEN checked_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN checked_at END,
       CASE WHEN moved_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN moved_at END,
       CASE WHEN imported_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN imported_at END,
       CASE WHEN not_before GLOB '[0-9]???-[01]?-[0-3]?*' THEN not_before END,
       max(CAST(n_refusals AS INTEGER), 0),
       CASE WHEN remote_deleted_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN remote_deleted_at END,
       max(CAST(n_foreign AS INTEGER), 0), max(CAST(n_duplicate AS INTEGER), 0),
       max(CAST(n_clamped AS INTEGER), 0), max(CAST(n_repaired AS INTEGER), 0),
       CASE WHEN json_valid(errors) THEN errors WHEN errors IS NOT NULL THEN json_quote(errors) END,
       CASE WHEN json_valid(metadata) THEN metadata WHEN metadata IS NOT NULL THEN json_quote(metadata) END
FROM old_batches;

INSERT INTO requests (id, story_group_id, kind, prompt_id, text_hash, run_id, batch_id, custom_id, sandbox,
    is_comparison, attempt, state, reason)
SELECT id,
       story_group_id,
       kind,
       ask_id,
       text_hash,
       run_id,
       batch_id,
       CASE WHEN custom_id IS NULL AND batch_id IS NOT NULL AND state NOT IN ('planned', 'withdrawn')
            THEN (SELECT r.kind || '_' || coalesce(g.wire_id, g.external_id) FROM story_groups g
                  WHERE g.id = r.story_group_id)
            ELSE custom_id END,
       sandbox <> 0,
       trial <> 0,
       max(CAST(attempt AS INTEGER), 1),
       state,
       reason
FROM old_requests r;

INSERT INTO answers (request_id, answered_at, model, response_id, text, raw, message, is_repaired, n_clamped,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, sync_cost_usd)
SELECT request_id, answered_at, model, response_id, text, raw, message, repaired <> 0,
       max(CAST(clamped AS INTEGER), 0), max(CAST(input_tokens AS INTEGER), 0),
       max(CAST(cached_tokens AS INTEGER), 0), max(CAST(cache_write_tokens AS INTEGER), 0),
       max(CAST(output_tokens AS INTEGER), 0), max(CAST(reasoning_tokens AS INTEGER), 0), max(cost_usd, 0.0),
       max(sync_cost_usd, 0.0)
FROM old_answers;

INSERT INTO foreign_lines (id, batch_id, custom_id, line)
SELECT id, batch_id, custom_id, line
FROM old_foreign_lines;

INSERT INTO queue_limits (origin_id, model, max_tokens, learned_at)
SELECT origin_id, model, max(CAST(max_tokens AS INTEGER), 0),
       CASE WHEN learned_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN learned_at ELSE '1970-01-01T00:00:00Z' END
FROM old_queue_limits;

INSERT INTO current_answers (story_group_id, kind, request_id)
SELECT story_group_id, kind, request_id
FROM old_current_answers;

INSERT INTO story_topics (story_group_id, topic, label, merged_from, confidence, rank, sandbox, prompt_id,
    batch_id, extracted_at)
SELECT story_group_id,
       topic,
       display,
       said,
       min(max(CAST(confidence AS REAL), 0.0), 1.0),
       max(CAST(rank AS INTEGER), 1),
       coalesce((SELECT r.sandbox FROM current_answers c JOIN requests r ON r.id = c.request_id
                 WHERE c.story_group_id = o.story_group_id AND c.kind = 'topic'), 0),
       ask_id,
       batch_id,
       extracted_at
FROM old_story_topics o;

INSERT INTO story_entities (story_group_id, ordinal, entity_type, mention_text, hints, entity_id, outcome,
    method, score, confidence, is_primary, rank, sandbox, prompt_id, batch_id, extracted_at)
SELECT story_group_id,
       max(CAST(ordinal AS INTEGER), 1),
       entity_type,
       mention_text,
       hints,
       entity_id,
       outcome,
       method,
       min(max(CAST(score AS REAL), 0.0), 1.0),
       min(max(CAST(confidence AS REAL), 0.0), 1.0),
       is_primary <> 0,
       max(CAST(rank AS INTEGER), 1),
       coalesce((SELECT r.sandbox FROM current_answers c JOIN requests r ON r.id = c.request_id
                 WHERE c.story_group_id = o.story_group_id AND c.kind = 'entity'), 0),
       ask_id,
       batch_id,
       extracted_at
FROM old_story_entities o;

INSERT INTO topic_decisions (topic, verdict, target, target_label, decided_at, changed_at)
SELECT topic, verdict, target, display,
       CASE WHEN decided_at GLOB '[0-9][0-9][0-9][0-9]*' THEN decided_at ELSE '1970-01-01T00:00:00Z' END,
       CASE WHEN decided_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN decided_at ELSE '1970-01-01T00:00:00Z' END
FROM old_topic_decisions;

INSERT INTO mention_decisions (id, mention_key, mention, entity_type, hints, verdict, target_type,
    target_external_id, decided_at, changed_at)
SELECT id, mention_key, mention, entity_type, CASE WHEN json_valid(hints) THEN hints ELSE '{}' END, verdict,
       target_type, target_external_id,
       CASE WHEN decided_at GLOB '[0-9][0-9][0-9][0-9]*' THEN decided_at ELSE '1970-01-01T00:00:00Z' END,
       CASE WHEN decided_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN decided_at ELSE '1970-01-01T00:00:00Z' END
FROM old_decisions;

INSERT INTO audits (id, what, seed, created_at)
SELECT id, what, seed,
       CASE WHEN created_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN created_at ELSE '1970-01-01T00:00:00Z' END
FROM old_audits;

INSERT INTO audit_items (audit_id, ordinal, stratum, weight, story_group_id, item, item_type, method, score,
    hints, entity_id, verdict, judged_at, changed_at)
SELECT audit_id,
       ordinal,
       stratum,
       max(weight, 0.0),
       story_group_id,
       item,
       item_type,
       method,
       score,
       CASE WHEN json_valid(hints) THEN hints END,
       entity_id,
       verdict,
       CASE WHEN judged_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN judged_at END,
       CASE WHEN judged_at GLOB '[0-9]???-[01]?-[0-3]?*' THEN judged_at
            ELSE (SELECT created_at FROM audits WHERE audits.id = o.audit_id) END
FROM old_audit_items o;

INSERT INTO _name_index (id, page)
SELECT id, page
FROM old_name_index;

INSERT INTO _name_index_stale (entity_id)
SELECT entity_id
FROM old_name_index_stale;

DROP TABLE old_name_index_stale;
DROP TABLE old_name_index;
DROP TABLE old_audit_items;
DROP TABLE old_audits;
DROP TABLE old_decisions;
DROP TABLE old_topic_decisions;
DROP TABLE old_story_entities;
DROP TABLE old_story_topics;
DROP TABLE old_current_answers;
DROP TABLE old_queue_limits;
DROP TABLE old_foreign_lines;
DROP TABLE old_answers;
DROP TABLE old_requests;
DROP TABLE old_batches;
DROP TABLE old_runs;
DROP TABLE old_origins;
DROP TABLE old_asks;
DROP TABLE old_profiles;
DROP TABLE old_entity_aliases;
DROP TABLE old_entities;
DROP TABLE old_stories;
DROP TABLE old_story_groups;
DROP TABLE old_meta;

CREATE INDEX story_groups_sort ON story_groups (sort_at DESC, id);
CREATE INDEX entities_name ON entities (name COLLATE NOCASE);
CREATE INDEX entity_aliases_alias ON entity_aliases (alias COLLATE NOCASE);
-- Two providers may give the same id.
CREATE UNIQUE INDEX batches_external ON batches (external_id, origin_id) WHERE external_id IS NOT NULL;
CREATE INDEX batches_run ON batches (run_id, part);
CREATE INDEX batches_state ON batches (state);
CREATE INDEX requests_group ON requests (story_group_id, kind, id);
CREATE UNIQUE INDEX requests_batch ON requests (batch_id, story_group_id, kind) WHERE batch_id IS NOT NULL;
CREATE INDEX requests_run ON requests (run_id);
CREATE INDEX requests_prompt ON requests (prompt_id);
CREATE INDEX story_topics_topic ON story_topics (topic);
CREATE INDEX story_entities_entity ON story_entities (entity_id, is_primary) WHERE entity_id IS NOT NULL;
-- Unlinked, and nobody has said yet that the catalog does not have it: the queue of `unresolved`.
-- (Its last two columns are there so that it answers by itself.)
CREATE INDEX story_entities_unlinked ON story_entities (entity_type, mention_text, method, entity_id)
    WHERE entity_id IS NULL AND method <> 'decision';
-- Which mentions a decision is about; those without a key come first.
CREATE INDEX story_entities_key ON story_entities (mention_key);
CREATE UNIQUE INDEX topic_decisions_is ON topic_decisions (topic) WHERE verdict = 'is';
CREATE INDEX audit_items_group ON audit_items (story_group_id);
CREATE INDEX audit_items_entity ON audit_items (entity_id);
