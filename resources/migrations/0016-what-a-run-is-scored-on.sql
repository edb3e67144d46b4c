-- What the scores of a run are of: a mark of its classes and of its validation images with their labels. NULL in runs of before.
ALTER TABLE run ADD COLUMN validation TEXT;
