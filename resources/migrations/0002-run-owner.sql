-- The process that trains a run: another workbench on the same data set leaves it alone while that process lives.
ALTER TABLE run ADD COLUMN owner_pid INTEGER;
