-- The photo that an image's mask was made for: sha256 of its file, shortened. NULL where it is not known.
ALTER TABLE image ADD COLUMN photo TEXT;
-- Every image is read once more, which tells its photo.
UPDATE image SET stamp = '';
