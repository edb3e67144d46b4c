-- The classes that a prediction's ids are of: a data set's own may be others by now. Empty in rows of before: its run's then.
ALTER TABLE prediction ADD COLUMN classes TEXT NOT NULL DEFAULT '[]';
-- What a mask's past is asked for by.
CREATE INDEX mask_revision_image ON mask_revision (image_id, created_at);
CREATE INDEX run_mask_revision ON run_mask (image_id, revision);
