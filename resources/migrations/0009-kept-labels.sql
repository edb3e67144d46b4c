-- Pixels whose label a person has said to be right where a prediction differed: they are not asked of again while they keep it.
CREATE TABLE kept_label (
  id INTEGER PRIMARY KEY,
  image_id TEXT NOT NULL,
  left_px INTEGER NOT NULL,
  top_px INTEGER NOT NULL,
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL,
  -- One bit a pixel of the box, as raw deflate.
  pixels BLOB NOT NULL,
  class TEXT NOT NULL,
  value INTEGER,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX kept_label_image ON kept_label (image_id);
