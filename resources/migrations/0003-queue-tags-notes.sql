ALTER TABLE run ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- The sweep that a run belongs to; NULL for a run of its own.
ALTER TABLE run ADD COLUMN sweep TEXT;
-- mIoU by epoch, thinned to what a sparkline shows, so that listing never scans a series.
ALTER TABLE run ADD COLUMN spark TEXT NOT NULL DEFAULT '[]';
UPDATE run SET spark = coalesce((SELECT json_group_array(miou) FROM (SELECT miou FROM epoch WHERE run_id = run.id ORDER BY epoch)), '[]');
CREATE INDEX run_created ON run (created_at);

-- Runs that wait in line. They become rows of run when they start, and see the masks as they are then.
CREATE TABLE queued_run (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  config TEXT NOT NULL,
  start_from TEXT,
  sweep TEXT,
  priority INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
