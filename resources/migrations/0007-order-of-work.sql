-- How far the work on an image is: what a person has said of it, and for how long somebody worked on it.
CREATE TABLE image_work (
  image_id TEXT PRIMARY KEY,
  mark TEXT CHECK (mark IN ('done', 'look')),
  seconds REAL NOT NULL DEFAULT 0 CHECK (seconds >= 0)
) STRICT;
