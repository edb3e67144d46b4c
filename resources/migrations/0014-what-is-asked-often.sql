-- What is asked often is answered without reading confusion matrices, or every mask that was ever kept.
CREATE INDEX mask_revision_of ON mask_revision (revision);
CREATE INDEX prediction_image_of ON prediction_image (prediction_id);
CREATE INDEX epoch_time ON epoch (run_id, epoch_seconds);
