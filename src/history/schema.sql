-- The history of runs, version 1. Rows are only ever added: a run when it starts, its end and its tables when it ends.
CREATE TABLE runs (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which runs were started
    id         TEXT NOT NULL,
    started    TEXT NOT NULL,                     -- RFC 3339 in UTC, like all times here
    version    TEXT NOT NULL,
    source     TEXT NOT NULL,                     -- the stores as the config has them, without passwords
    target     TEXT NOT NULL,
    config     TEXT NOT NULL,                     -- SHA-256 of what the config means
    allowances TEXT NOT NULL,                     -- JSON: what makes the config laxer than the strictest one
    mode       TEXT NOT NULL,
    sample     TEXT
);
CREATE TABLE ends (
    run      INTEGER PRIMARY KEY REFERENCES runs (sequence),
    finished TEXT NOT NULL,
    verdict  TEXT NOT NULL CHECK (verdict IN ('match', 'differ', 'undecided')),
    reason   TEXT,
    coverage TEXT NOT NULL                        -- JSON: tables and columns, compared and existing
);
CREATE TABLE tables (
    run     INTEGER NOT NULL REFERENCES ends (run),
    name    TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('match', 'differ', 'undecided')),
    record  TEXT NOT NULL,                        -- JSON: counts, rows, columns, seconds
    PRIMARY KEY (run, name)
);
CREATE TRIGGER runs_stay BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER runs_remain BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER ends_stay BEFORE UPDATE ON ends BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER ends_remain BEFORE DELETE ON ends BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER tables_stay BEFORE UPDATE ON tables BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER tables_remain BEFORE DELETE ON tables BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
