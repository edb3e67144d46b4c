-- What convolutions are reckoned in, float32 or bfloat16: an epoch's time goes by it. Null in runs of before there was a choice.
ALTER TABLE run ADD COLUMN precision TEXT;
