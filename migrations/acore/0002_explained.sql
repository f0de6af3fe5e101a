-- What makes a loss visible, what is still owed, and what the actors knew.

-- Each row's hash covers the row and the hash of the row before it; blank in what schema 1 wrote.
ALTER TABLE journal ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE progress ADD COLUMN hash BLOB NOT NULL DEFAULT x'';     -- of the newest row
ALTER TABLE progress ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;   -- how many runs have taken the file over

-- What is not in the journal any more, oldest first: removed because it was old, or lost.
CREATE TABLE gone (
    first_seq INTEGER PRIMARY KEY,
    last_seq  INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    hash      BLOB    NOT NULL,         -- of the last row of the range: the chain goes on from it
    wall_ns   INTEGER NOT NULL,
    reason    TEXT    NOT NULL          -- age, size, lost
) STRICT;

-- What must not be removed although it is old: rows from this number on.
CREATE TABLE pins (
    name    TEXT    PRIMARY KEY,
    seq     INTEGER NOT NULL,
    wall_ns INTEGER NOT NULL,
    reason  TEXT    NOT NULL
) STRICT;

-- Effects that were asked for and have no outcome yet.
CREATE TABLE outbox (
    id          TEXT    PRIMARY KEY,
    seq         INTEGER NOT NULL,       -- of the journal's row that asked for it
    name        TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    policy      TEXT    NOT NULL,       -- idempotent, at_most_once, ask_operator
    boot        TEXT    NOT NULL,       -- the run that has it in hand: that which asked, or took it up last; none when it was broken off
    wall_ns     INTEGER NOT NULL,       -- when it was asked for
    source      TEXT    NOT NULL,
    cause       TEXT    NOT NULL,
    correlation TEXT    NOT NULL,
    resumed     INTEGER NOT NULL DEFAULT 0, -- how many later runs have taken it up again
    payload     TEXT    NOT NULL
) STRICT;
CREATE INDEX outbox_by_seq ON outbox (seq);

-- What an interaction still wants is kept as it was recorded, so that another version of acore can read it.
ALTER TABLE pending ADD COLUMN received_name TEXT NOT NULL DEFAULT 'interaction.received';
ALTER TABLE pending ADD COLUMN received_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE pending ADD COLUMN replied TEXT;                        -- JSON of interaction.replied, once it is known
ALTER TABLE pending ADD COLUMN replied_name TEXT NOT NULL DEFAULT 'interaction.replied';
ALTER TABLE pending ADD COLUMN replied_version INTEGER NOT NULL DEFAULT 1;
UPDATE pending SET replied = json_object('interaction', interaction, 'reply', json(reply)) WHERE json_valid(reply);
ALTER TABLE pending DROP COLUMN reply;

-- What a core actor knew after everything up to a number, so that a replay need not begin at the beginning.
CREATE TABLE snapshots (
    actor       TEXT    NOT NULL,
    seq         INTEGER NOT NULL,       -- of the journal's row that tells of the snapshot
    boot        TEXT    NOT NULL,
    incarnation INTEGER NOT NULL,
    unread      INTEGER NOT NULL,       -- messages that had come before `seq` and were not handled yet
    shape       TEXT    NOT NULL,       -- fingerprint of the state's fields: another shape cannot be read
    digest      TEXT    NOT NULL,
    state       TEXT    NOT NULL,       -- JSON
    PRIMARY KEY (actor, seq)
) STRICT;

-- A command is known by its number to the person who used it.
CREATE INDEX audit_by_interaction ON audit (interaction) WHERE interaction <> 0;
