-- What was done to a mask from one of its files to the next, as undo names it: brush, proposal, clean-up.
ALTER TABLE mask_revision ADD COLUMN work TEXT NOT NULL DEFAULT '';
