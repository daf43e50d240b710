-- Step 6. Open until it is released; each addition stands in a block of its own.

-- Groups with the same text are asked once and share the answer.
CREATE INDEX story_groups_text ON story_groups (text_hash, status) WHERE text_hash IS NOT NULL;
ALTER TABLE current_answers ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1));
CREATE INDEX current_answers_shared ON current_answers (request_id) WHERE is_shared = 1;

-- -------------------------------------------------------------------------------------------------- history and undo

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

-- ------------------------------------------------------------------------------------------------- the price of a run

-- As it was typed with --price; NULL: that of the table.
ALTER TABLE runs ADD COLUMN price TEXT;

-- ------------------------------------------------------------------------------------------- groups that are too long

-- Groups that were left out of a run since they are longer than the model takes.
CREATE TABLE _too_long (
    story_group_id INTEGER NOT NULL REFERENCES story_groups (id) ON DELETE CASCADE,
    model          TEXT NOT NULL,
    text_hash      BLOB NOT NULL,          -- of the text that was measured
    n_tokens       INTEGER NOT NULL CHECK (n_tokens >= 0), -- estimated, of its longer request
    PRIMARY KEY (story_group_id, model)
) WITHOUT ROWID, STRICT;

-- ----------------------------------------------------------------------------------------- counted once for each state

-- What `progress` counted last, and the file's change counter as it was then: every commit of any program moves it on.
CREATE TABLE _totals (
    prompts        TEXT NOT NULL PRIMARY KEY, -- those that would be sent then, by their ids
    change_counter INTEGER NOT NULL,
    numbers        TEXT NOT NULL           -- a list of integers
) STRICT;

-- ----------------------------------------------------------------------------------- decisions about what waits alone

ALTER TABLE mention_decisions ADD COLUMN only_unlinked INTEGER NOT NULL DEFAULT 0 CHECK (only_unlinked IN (0, 1));

-- ------------------------------------------------------------------------------------------------- hash of clean texts

ALTER TABLE story_groups ADD COLUMN clean_hash BLOB CHECK (length(clean_hash) = 16);
