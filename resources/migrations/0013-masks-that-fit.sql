-- 1 where a person said that the mask of this revision fits its photo as it is: what is in doubt of it is not asked again.
ALTER TABLE image ADD COLUMN fits INTEGER;
