CREATE TABLE dataset (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  fingerprint TEXT NOT NULL DEFAULT '',
  opened_at TEXT NOT NULL
) STRICT;

-- One row an image: what the survey found, so that a second start reads only what has changed.
CREATE TABLE image (
  id TEXT PRIMARY KEY,
  split TEXT NOT NULL,
  stamp TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  revision TEXT,
  class_pixels TEXT,
  problems TEXT NOT NULL,
  edited_at TEXT
) STRICT;

CREATE TABLE mask_revision (
  image_id TEXT NOT NULL,
  revision TEXT NOT NULL,
  created_at TEXT NOT NULL,
  origin TEXT NOT NULL,
  PRIMARY KEY (image_id, revision)
) STRICT;

CREATE TABLE run (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  preset TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'paused', 'finished', 'stopped', 'failed', 'interrupted')),
  reason TEXT,
  config TEXT NOT NULL,
  classes TEXT NOT NULL,
  code_version TEXT NOT NULL,
  dataset_fingerprint TEXT NOT NULL,
  seed INTEGER NOT NULL,
  device TEXT,
  epochs INTEGER NOT NULL,
  epochs_done INTEGER NOT NULL DEFAULT 0,
  duration_seconds REAL NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deleted_at TEXT
) STRICT;

-- The exact masks a run saw.
CREATE TABLE run_mask (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  image_id TEXT NOT NULL,
  revision TEXT NOT NULL,
  PRIMARY KEY (run_id, image_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  loss REAL NOT NULL,
  train_acc REAL NOT NULL,
  test_acc REAL NOT NULL,
  miou REAL NOT NULL,
  time_seconds REAL NOT NULL,
  epoch_seconds REAL NOT NULL,
  learning_rate REAL NOT NULL,
  per_class_iou TEXT NOT NULL,
  confusion TEXT NOT NULL,
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE step (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  global_step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  loss REAL NOT NULL,
  accuracy REAL NOT NULL,
  learning_rate REAL NOT NULL,
  PRIMARY KEY (run_id, global_step)
) STRICT, WITHOUT ROWID;

-- Latest and best of each metric, so that listing never scans a series.
CREATE TABLE metric_summary (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  metric TEXT NOT NULL,
  latest REAL NOT NULL,
  best REAL NOT NULL,
  best_epoch INTEGER NOT NULL,
  PRIMARY KEY (run_id, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  file TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (run_id, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_log (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  line INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE prediction (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  split TEXT NOT NULL,
  protocol TEXT NOT NULL,
  checkpoint_sha256 TEXT NOT NULL,
  created_at TEXT NOT NULL,
  complete INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE prediction_image (
  prediction_id TEXT NOT NULL REFERENCES prediction (id) ON DELETE CASCADE,
  image_id TEXT NOT NULL,
  file TEXT NOT NULL,
  confusion TEXT,
  uncertainty REAL NOT NULL,
  PRIMARY KEY (prediction_id, image_id)
) STRICT, WITHOUT ROWID;
