-- Step 2: more is kept of what was sent, how it was found again, and what it cost. Only added columns: no row is rewritten.

ALTER TABLE stories ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes));

ALTER TABLE origins ADD COLUMN dialect TEXT NOT NULL DEFAULT 'openai';
ALTER TABLE origins ADD COLUMN capabilities TEXT CHECK (capabilities IS NULL OR json_valid(capabilities));

ALTER TABLE batches ADD COLUMN found_by TEXT;

ALTER TABLE requests ADD COLUMN custom_id TEXT;

ALTER TABLE answers ADD COLUMN cache_write_tokens INTEGER;
