-- Asks:    how many keys occur more than once on one side?
-- Reads:   rows: every row of the side, as key (bytes).
-- Returns: one row: repeated (the number of such keys).
SELECT count(*) AS repeated
FROM (SELECT key FROM rows GROUP BY key HAVING count(*) > 1)
