-- Which weights of its run a prediction was made with, and what it was reckoned in. NULL in predictions of before.
ALTER TABLE prediction ADD COLUMN weights TEXT;
ALTER TABLE prediction ADD COLUMN epoch INTEGER;
ALTER TABLE prediction ADD COLUMN precision TEXT;
