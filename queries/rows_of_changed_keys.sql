-- Asks:    what are the rows of the changed keys on one side?
-- Reads:   changes: key, source_copies, target_copies (the result of changed_keys.sql).
--          rows: one side's rows of the disagreeing ranges: key, high, low (the halves of the digest), and the columns of
--          the table by their position (c0, c1, …).
-- Returns: source_copies, target_copies, and all of rows, in the order of key and digest, so that two sides can be walked
--          together.
SELECT changes.source_copies, changes.target_copies, rows.*
FROM changes JOIN rows ON changes.key = rows.key
ORDER BY rows.key, rows.high, rows.low
