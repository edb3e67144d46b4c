-- What an image of a prediction was scored against: its mask's revision (null without a mask), the stamp of its photo, and the class set
-- of the data set. Where these are as they are now, and the weights are, it is not predicted again.
ALTER TABLE prediction_image ADD COLUMN revision TEXT;
ALTER TABLE prediction_image ADD COLUMN photo TEXT;
ALTER TABLE prediction ADD COLUMN class_set TEXT NOT NULL DEFAULT '';
-- Mean cross-entropy over its labelled pixels, labelled pixels that are predicted otherwise with confidence, and counts of boundaries
-- and objects as a JSON array; null where it has no label, and in predictions of before these were measured.
ALTER TABLE prediction_image ADD COLUMN loss REAL;
ALTER TABLE prediction_image ADD COLUMN suspicious INTEGER;
ALTER TABLE prediction_image ADD COLUMN shapes TEXT;
