-- gleaner: one SQLite file holds the stories, the catalog, what was asked and paid, and what was learned.
--
-- This is how it reads after the last step of src/store/migrations/, which are what runs; a test holds the two equal.
-- application_id 0x676C6E72 ("glnr"); user_version counts the steps.
-- Rollback journal, synchronous FULL, never WAL: between transactions this one file is whole and may be copied.
--
-- Ids: `id` is an integer key for joining; `external_id` is the id outside of this file: your own for groups and
-- entities, the provider's for batches. Views that end in `_named` give names and outside ids back. Times are UTC, ISO
-- 8601, as text. Hashes are hexadecimal or 16-byte blobs. Counts begin with `n_`; `is_` and `sandbox` are 0 or 1.
--
-- You may edit the tables with other programs. What gleaner derives from them (the name index of the catalog, the
-- full-text index, the hashes of texts, the keys of mentions) is then marked as out of date by triggers, which use nothing
-- but what every SQLite has, and is made anew when gleaner next writes to the file. Tables whose names begin with `_` are
-- machinery: they can be emptied at any time and are of no interest beside that.
-- (Checks say `x IS NULL OR json_valid(x)`, since NULL is no JSON to the SQLite of some of these programs.)
--
-- `changed_at` says when somebody last changed a row by hand or by loading, and `tombstones` when one was removed: so two
-- copies of a file that went their own ways can be brought together again.

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
    -- `date` as a time, by its first moment: newest is sent first
    sort_at     TEXT CHECK (sort_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    -- Of all that is sent of it; NULL = no text, never sent. Groups in `_stale_texts` have another text by now.
    text_hash   BLOB CHECK (length(text_hash) = 16),
    loaded_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (loaded_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    changed_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'), -- it or its stories
    -- As text_hash, of the texts as they stand here, where cleaning has changed them; NULL: they are as they came.
    clean_hash  BLOB CHECK (length(clean_hash) = 16),
    -- The group's date, as exact as it was written: created_at, else the latest published_at, else NULL.
    date        TEXT CHECK (date GLOB '[0-9][0-9][0-9][0-9]*')
) STRICT;
CREATE INDEX story_groups_sort ON story_groups (sort_at DESC, id);
-- Groups with the same text are asked once; this finds them.
CREATE INDEX story_groups_text ON story_groups (text_hash, status) WHERE text_hash IS NOT NULL;

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
-- `--where` reads the attributes of many stories, and not their texts.
CREATE INDEX stories_attributes ON stories (story_group_id, attributes);

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
CREATE INDEX entities_name ON entities (name COLLATE NOCASE);

-- Other names of an entity, as the catalog gives them. Names that people taught are in `mention_decisions`.
CREATE TABLE entity_aliases (
    entity_id INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
    alias     TEXT NOT NULL,
    PRIMARY KEY (entity_id, alias)
) WITHOUT ROWID, STRICT;
CREATE INDEX entity_aliases_alias ON entity_aliases (alias COLLATE NOCASE);

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
    n_requests INTEGER NOT NULL DEFAULT 0 CHECK (n_requests >= 0),
    price      TEXT                        -- as it was typed with --price; NULL: that of the table
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
    n_claims       INTEGER NOT NULL DEFAULT 0 CHECK (n_claims >= 0), -- how many looks brought it in the API's own words
    -- Tokens as the provider summed them up: they stand beside what the answers say. NULL: it gave none.
    n_reported_input_tokens INTEGER CHECK (n_reported_input_tokens >= 0),
    n_reported_output_tokens INTEGER CHECK (n_reported_output_tokens >= 0)
) STRICT;
-- Two providers may give the same id.
CREATE UNIQUE INDEX batches_external ON batches (external_id, origin_id) WHERE external_id IS NOT NULL;
CREATE INDEX batches_run ON batches (run_id, part);
CREATE INDEX batches_state ON batches (state);

-- The ledger: one row for each time a group was asked for its topics or its entities. A later row has a larger id.
CREATE TABLE requests (
    id             INTEGER PRIMARY KEY,
    story_group_id INTEGER REFERENCES story_groups (id), -- NULL: the group was forgotten; state and cost stay
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
CREATE INDEX requests_group ON requests (story_group_id, kind, id);
CREATE UNIQUE INDEX requests_batch ON requests (batch_id, story_group_id, kind) WHERE batch_id IS NOT NULL;
CREATE INDEX requests_run ON requests (run_id);
CREATE INDEX requests_prompt ON requests (prompt_id);

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

-- Which request's answer a group's topics or entities come from: the one asked last that is usable. A group whose text
-- is that of another group is not asked; it shares the other's answer, has no row in `requests` and costs nothing.
CREATE TABLE current_answers (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topic', 'entity')),
    request_id     INTEGER NOT NULL REFERENCES requests (id),
    is_shared      INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1)), -- 1: the request asked about another group
    PRIMARY KEY (story_group_id, kind)
) WITHOUT ROWID, STRICT;
CREATE INDEX current_answers_shared ON current_answers (request_id) WHERE is_shared = 1;

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
CREATE INDEX story_topics_topic ON story_topics (topic);

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
    -- How it stands in the stories. NULL: not looked for, since it was imported before there were places, or the stories
    -- are others by now.
    grounding      TEXT CHECK (grounding IN ('exact', 'normalized', 'fuzzy', 'ungrounded')),
    place_story    INTEGER CHECK (place_story >= 1), -- stories.ordinal; NULL: nowhere, or in the group's title
    place_in       TEXT CHECK (place_in IN ('title', 'text')), -- NULL: nowhere
    place_at       INTEGER CHECK (place_at >= 0), -- characters before it: substr(text, place_at + 1, place_length)
    place_length   INTEGER CHECK (place_length >= 0), -- its characters
    PRIMARY KEY (story_group_id, ordinal)
) WITHOUT ROWID, STRICT;
CREATE INDEX story_entities_entity ON story_entities (entity_id, is_primary) WHERE entity_id IS NOT NULL;
-- Unlinked, and nobody has said yet that the catalog does not have it: the queue of `unresolved`.
-- (Its last two columns are there so that it answers by itself.)
CREATE INDEX story_entities_unlinked ON story_entities (entity_type, mention_text, method, entity_id)
    WHERE entity_id IS NULL AND method <> 'decision';
-- Which mentions a decision is about; those without a key come first.
CREATE INDEX story_entities_key ON story_entities (mention_key);

-- What people decided about topics: applied to what is there at once, and to every later import.
CREATE TABLE topic_decisions (
    topic      TEXT NOT NULL,              -- as in story_topics: lower case
    -- It is the target; is another topic than the target; stands under the target; is no topic (its target is empty).
    verdict    TEXT NOT NULL CHECK (verdict IN ('is', 'not', 'parent', 'drop')),
    target     TEXT NOT NULL,              -- of 'is' never itself the `topic` of a row with verdict 'is': chains are flattened
    target_label TEXT NOT NULL,            -- the target as it is shown
    decided_at TEXT NOT NULL CHECK (decided_at GLOB '[0-9][0-9][0-9][0-9]*'),
    changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
        CHECK (changed_at GLOB '[0-9]???-[01]?-[0-3]?*'),
    PRIMARY KEY (topic, verdict, target)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX topic_decisions_is ON topic_decisions (topic) WHERE verdict = 'is';
CREATE UNIQUE INDEX topic_decisions_parent ON topic_decisions (topic) WHERE verdict = 'parent';
CREATE INDEX topic_decisions_children ON topic_decisions (target) WHERE verdict = 'parent';

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
    -- 1: it holds only where the catalog, the hints and the context link nothing.
    only_unlinked INTEGER NOT NULL DEFAULT 0 CHECK (only_unlinked IN (0, 1)),
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
    what       TEXT NOT NULL CHECK (what IN ('links', 'topics', 'misses')),
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
    -- Of misses: topics or names that the model found in the group, and a list of those that it left out.
    n_found        INTEGER CHECK (n_found >= 0),
    missed         TEXT CHECK (missed IS NULL OR json_valid(missed)),
    PRIMARY KEY (audit_id, ordinal)
) WITHOUT ROWID, STRICT;
CREATE INDEX audit_items_group ON audit_items (story_group_id);
CREATE INDEX audit_items_entity ON audit_items (entity_id);

-- ---------------------------------------------------------------------------------------------------- history and undo

-- What changed the database, as `gleaner history` lists it. A later change has a larger id.
CREATE TABLE changes (
    id        INTEGER PRIMARY KEY,
    at        TEXT NOT NULL CHECK (at GLOB '[0-9]???-[01]?-[0-3]?*'), -- when it began
    command   TEXT NOT NULL,               -- without what was typed after it: load groups, topics merge
    subject   TEXT,                        -- what it was about: a file, a mention, a batch; NULL: nothing to name
    -- rows: `gleaner undo` takes it back. derived: made of what is here, and made anew when something is taken back.
    -- none: it cannot be taken back.
    undo      TEXT NOT NULL CHECK (undo IN ('rows', 'derived', 'none')),
    counts    TEXT CHECK (counts IS NULL OR json_valid(counts)), -- {"entities":{"added":3}}; NULL: it was cut short
    undone_at TEXT CHECK (undone_at GLOB '[0-9]???-[01]?-[0-3]?*') -- NULL: it holds
) STRICT;

-- Rows that a change replaced or removed, as they were, and single rows that it added. Emptied by `undo`.
CREATE TABLE change_rows (
    id         INTEGER PRIMARY KEY,
    change_id  INTEGER NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    table_name TEXT NOT NULL,
    key        TEXT NOT NULL CHECK (json_valid(key)), -- the row's primary key, as a list
    before     TEXT CHECK (before IS NULL OR json_valid(before)), -- the row by column; NULL: it was not there
    after_hash INTEGER,                    -- of the row as the change left it; NULL: it left none
    UNIQUE (change_id, table_name, key)
) STRICT;

-- Rows that a change added one after another, by their ids: a load of a million rows writes one line here.
CREATE TABLE change_ranges (
    change_id  INTEGER NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    table_name TEXT NOT NULL,
    first_id   INTEGER NOT NULL,
    last_id    INTEGER NOT NULL CHECK (last_id >= first_id),
    PRIMARY KEY (change_id, table_name, first_id)
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

-- Groups whose text another program changed: their text_hash, date and sort_at are those of before.
CREATE TABLE _stale_texts (
    story_group_id INTEGER PRIMARY KEY
) STRICT;

-- Groups that the full-text index holds as they are now. The index itself is the FTS5 table `story_search`, whose rowid is
-- the group's id; the first `search` makes it, and each later one brings it up to date.
CREATE TABLE _searched_groups (
    story_group_id INTEGER PRIMARY KEY
) STRICT;

-- Signatures of texts, by which stories resemble each other; empty where a text has no words. `gleaner copies` makes them.
CREATE TABLE _story_signatures (
    story_id  INTEGER PRIMARY KEY,
    signature BLOB NOT NULL CHECK (length(signature) IN (0, 128))
) STRICT;

-- Stories that are nearly the same as others; those of a cluster have its first story in common.
CREATE TABLE _near_copies (
    story_id INTEGER PRIMARY KEY,
    cluster  INTEGER NOT NULL
) STRICT;
CREATE INDEX _near_copies_cluster ON _near_copies (cluster);

-- Groups that were left out of a run since they are longer than the model takes.
CREATE TABLE _too_long (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id) ON DELETE CASCADE,
    model          TEXT NOT NULL,
    text_hash      BLOB NOT NULL,          -- of the text that was measured
    n_tokens       INTEGER NOT NULL CHECK (n_tokens >= 0), -- estimated, of its longer request
    PRIMARY KEY (story_group_id, model)
) WITHOUT ROWID, STRICT;

-- Counts that `progress` adds up: a row for each 256 groups by their ids (group id >> 8). Triggers remove a row when something
-- that it counts changes, and what is not there is counted anew. The largest number stands for groups with the text of
-- another, wherever they are.
CREATE TABLE _counts (
    bucket  INTEGER PRIMARY KEY,
    prompts TEXT,                          -- those that would be sent then, by their ids; NULL: they make no difference
    numbers TEXT NOT NULL                  -- a list of integers
) STRICT;

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

CREATE TRIGGER stories_unsigned_removed AFTER DELETE ON stories BEGIN
    DELETE FROM _story_signatures WHERE story_id = old.id;
    DELETE FROM _near_copies WHERE story_id = old.id;
END;
CREATE TRIGGER stories_unsigned_changed AFTER UPDATE OF id, text ON stories BEGIN
    DELETE FROM _story_signatures WHERE story_id IN (old.id, new.id);
    DELETE FROM _near_copies WHERE story_id IN (old.id, new.id);
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

-- What is counted is counted anew.
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

-- --------------------------------------------------------------------------------------------------------------- views
-- `sandbox` is 1 where a row comes from a rehearsal, or some of what it counts does.

-- Every mention with your ids and the linked entity's name. group_created_at is the group's date. story_titles and
-- story_urls are JSON lists in the stories' order, null where a story has none; the only story of a group has the title
-- of the group.
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

-- Every topic with your group ids; story_titles and story_urls as above.
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

-- One row a group: what is known of it.
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
