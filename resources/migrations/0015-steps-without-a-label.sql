-- A step in which no pixel was labelled has no loss, and no more has an epoch of such steps: NULL, where it was 0.
CREATE TABLE epoch_scored (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  loss REAL,
  train_acc REAL,
  test_acc REAL,
  miou REAL,
  time_seconds REAL NOT NULL,
  epoch_seconds REAL NOT NULL,
  learning_rate REAL NOT NULL,
  per_class_iou TEXT NOT NULL,
  confusion TEXT NOT NULL,
  validation_loss REAL,
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO epoch_scored SELECT run_id, epoch, CASE WHEN train_acc IS NULL THEN NULL ELSE loss END, train_acc, test_acc, miou,
  time_seconds, epoch_seconds, learning_rate, per_class_iou, confusion, validation_loss FROM epoch
  -- Whoever deleted a run by hand may have left its rows.
  WHERE run_id IN (SELECT id FROM run);
DROP TABLE epoch;
ALTER TABLE epoch_scored RENAME TO epoch;
CREATE INDEX epoch_time ON epoch (run_id, epoch_seconds);

DELETE FROM metric_summary WHERE metric = 'loss' AND NOT EXISTS
  (SELECT 1 FROM epoch WHERE epoch.run_id = metric_summary.run_id AND loss IS NOT NULL);
UPDATE metric_summary SET
  latest = (SELECT loss FROM epoch WHERE epoch.run_id = metric_summary.run_id AND loss IS NOT NULL ORDER BY epoch DESC LIMIT 1),
  best = (SELECT loss FROM epoch WHERE epoch.run_id = metric_summary.run_id AND loss IS NOT NULL ORDER BY loss, epoch LIMIT 1),
  best_epoch = (SELECT epoch FROM epoch WHERE epoch.run_id = metric_summary.run_id AND loss IS NOT NULL ORDER BY loss, epoch LIMIT 1)
  WHERE metric = 'loss' AND EXISTS (SELECT 1 FROM epoch WHERE epoch.run_id = metric_summary.run_id AND train_acc IS NULL);

CREATE TABLE step_scored (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  global_step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  loss REAL,
  accuracy REAL,
  learning_rate REAL NOT NULL,
  cross_entropy REAL,
  scene_loss REAL,
  auxiliary_loss REAL,
  gradient_norm REAL,
  images_per_second REAL,
  PRIMARY KEY (run_id, global_step)
) STRICT, WITHOUT ROWID;
INSERT INTO step_scored SELECT run_id, global_step, epoch, CASE WHEN accuracy IS NULL THEN NULL ELSE loss END, accuracy, learning_rate,
  CASE WHEN accuracy IS NULL THEN NULL ELSE cross_entropy END, CASE WHEN accuracy IS NULL THEN NULL ELSE scene_loss END,
  CASE WHEN accuracy IS NULL THEN NULL ELSE auxiliary_loss END,
  CASE WHEN accuracy IS NULL THEN NULL ELSE gradient_norm END, images_per_second FROM step
  WHERE run_id IN (SELECT id FROM run);
DROP TABLE step;
ALTER TABLE step_scored RENAME TO step;
