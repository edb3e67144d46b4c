-- What has nothing to be measured on is NULL, never 0: the mIoU where no validation pixel is labelled. And what else is measured.
CREATE TABLE epoch_measured (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  loss REAL NOT NULL,
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
INSERT INTO epoch_measured SELECT run_id, epoch, loss, train_acc, test_acc, miou, time_seconds, epoch_seconds, learning_rate,
  per_class_iou, confusion, NULL FROM epoch;
DROP TABLE epoch;
ALTER TABLE epoch_measured RENAME TO epoch;

CREATE TABLE step_measured (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  global_step INTEGER NOT NULL,
  epoch REAL NOT NULL,
  loss REAL NOT NULL,
  accuracy REAL,
  learning_rate REAL NOT NULL,
  cross_entropy REAL,
  scene_loss REAL,
  auxiliary_loss REAL,
  gradient_norm REAL,
  images_per_second REAL,
  PRIMARY KEY (run_id, global_step)
) STRICT, WITHOUT ROWID;
INSERT INTO step_measured SELECT run_id, global_step, epoch, loss, accuracy, learning_rate, NULL, NULL, NULL, NULL, NULL FROM step;
DROP TABLE step;
ALTER TABLE step_measured RENAME TO step;
