-- Asks:    which keys are not on both sides the same number of times with the same rows?
-- Reads:   source, target: the rows of the disagreeing ranges, as key (bytes) and the halves of the row digest,
--          high and low (64-bit unsigned, so that sums wrap: sum modulo 2^64 of each half).
-- Returns: one row for each such key: key, source_copies, target_copies.
-- Rows are compared as a multiset for each key: the count and the sums of digests of both sides must agree. There is no
-- join here, so a key that repeats costs no more than any other, NULLs need no care, and the aggregation can spill.
SELECT
  key,
  sum(in_source) AS source_copies,
  sum(in_target) AS target_copies
FROM (
  SELECT
    key,
    CAST(1 AS BIGINT UNSIGNED) AS in_source, high AS source_high, low AS source_low,
    CAST(0 AS BIGINT UNSIGNED) AS in_target,
    CAST(0 AS BIGINT UNSIGNED) AS target_high, CAST(0 AS BIGINT UNSIGNED) AS target_low
  FROM source
  UNION ALL
  SELECT
    key,
    CAST(0 AS BIGINT UNSIGNED), CAST(0 AS BIGINT UNSIGNED), CAST(0 AS BIGINT UNSIGNED),
    CAST(1 AS BIGINT UNSIGNED), high, low
  FROM target
)
GROUP BY key
HAVING (sum(in_source) <> sum(in_target))
    OR (sum(source_high) <> sum(target_high))
    OR (sum(source_low) <> sum(target_low))
