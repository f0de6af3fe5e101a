-- Measured values: may be sampled, may be lost, and never hold up the journal.

PRAGMA application_id = 1633906546; -- "acor", as in the other database

CREATE TABLE series (
    id   INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE        -- e.g. host.cpu_percent
) STRICT;

CREATE TABLE samples (
    series  INTEGER NOT NULL REFERENCES series (id),
    wall_ns INTEGER NOT NULL,           -- since 1970, UTC; may step back when the machine's clock is set
    value   REAL    NOT NULL,
    PRIMARY KEY (series, wall_ns)
) STRICT, WITHOUT ROWID;
