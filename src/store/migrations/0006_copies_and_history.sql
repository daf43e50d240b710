-- Step 6. Open until it is released; each addition stands in a block of its own.

-- Groups with the same text are asked once and share the answer.
CREATE INDEX story_groups_text ON story_groups (text_hash, status) WHERE text_hash IS NOT NULL;
ALTER TABLE current_answers ADD COLUMN is_shared INTEGER NOT NULL DEFAULT 0 CHECK (is_shared IN (0, 1));
CREATE INDEX current_answers_shared ON current_answers (request_id) WHERE is_shared = 1;
