-- The journal and the tables that are kept from it. Times are nanoseconds since 1970, UTC, unless said otherwise.

PRAGMA application_id = 1633906546; -- "acor": tells this file from any other SQLite database

-- What travelled, in order. Rows are added and, when they are old, removed; never changed.
CREATE TABLE journal (
    seq         INTEGER PRIMARY KEY,    -- the only order; `progress` sees to it that none is given twice
    id          TEXT    NOT NULL UNIQUE CHECK (id <> ''),
    kind        TEXT    NOT NULL,       -- event, command, reply, no_reply, effect
    name        TEXT    NOT NULL,       -- the wire name, e.g. check.completed
    version     INTEGER NOT NULL,
    node        TEXT    NOT NULL,
    boot        TEXT    NOT NULL,       -- which run of the program
    wall_ns     INTEGER NOT NULL,       -- may step back when the machine's clock is set
    mono_ns     INTEGER NOT NULL,       -- never does, within one boot
    source      TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    cause       TEXT    NOT NULL,       -- id of what was being handled when this was sent; '' when nothing was
    correlation TEXT    NOT NULL,       -- id of the first of all its causes
    attempt     INTEGER NOT NULL,
    payload     TEXT    NOT NULL        -- JSON
) STRICT;

CREATE INDEX journal_by_cause ON journal (cause) WHERE cause <> '';
CREATE INDEX journal_by_correlation ON journal (correlation);
CREATE INDEX journal_by_name ON journal (name, seq);

-- How far the journal has come, also over what it does not keep as a row, and whose turn it is to write.
CREATE TABLE progress (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    seq        INTEGER NOT NULL,
    writer     TEXT    NOT NULL,        -- boot of the one process that may write
    audit_seq  INTEGER NOT NULL,        -- the last link of the audit chain: shows when its end was cut off
    audit_hash TEXT    NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0, '', 0, '');

-- What could not be written as it was, so that the rest could.
CREATE TABLE quarantine (
    seq     INTEGER NOT NULL,
    id      TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    stage   TEXT    NOT NULL,           -- row: not in the journal; projection: in the journal, not in its table
    reason  TEXT    NOT NULL,
    payload BLOB    NOT NULL
) STRICT;

-- Who did what. Each row's hash covers the row and the hash before it.
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,    -- of the journal's row that it tells of
    wall_ns     INTEGER NOT NULL,
    boot        TEXT    NOT NULL,
    who         TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    rule        TEXT    NOT NULL,
    interaction INTEGER NOT NULL,
    place       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    previous    TEXT    NOT NULL,
    hash        TEXT    NOT NULL
) STRICT;

-- Runs of the program; one without an end did not stop in good order.
CREATE TABLE runs (
    boot     TEXT    PRIMARY KEY,
    seq      INTEGER NOT NULL,
    began_ns INTEGER NOT NULL,
    version  TEXT    NOT NULL,
    ended_ns INTEGER,
    reason   TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_by_seq ON runs (seq);

-- Interactions that still want an answer.
CREATE TABLE pending (
    interaction  INTEGER PRIMARY KEY,
    received     TEXT,                  -- JSON of interaction.received
    sealed       TEXT    NOT NULL DEFAULT '',
    acknowledged INTEGER NOT NULL DEFAULT 0,
    reply        TEXT                   -- JSON, once it is known
) STRICT;

CREATE TABLE counters (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- How many new sessions Discord still allows.
CREATE TABLE identify_budget (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    total     INTEGER NOT NULL,
    remaining INTEGER NOT NULL CHECK (remaining >= 0),
    resets_at TEXT    NOT NULL          -- ISO 8601, UTC
) STRICT;

-- Written and read to see whether writing and reading work.
CREATE TABLE probe (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    wall_ns INTEGER NOT NULL
) STRICT;
