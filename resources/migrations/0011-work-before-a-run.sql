-- Seconds that people had worked on the images of the data set when the run began, pauses left out: what was spent between two runs is
-- their difference. Null in runs of before this was kept.
ALTER TABLE run ADD COLUMN work_seconds REAL;
