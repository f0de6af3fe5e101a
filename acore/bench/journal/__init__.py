"""`acore bench journal`: the journal beside SQLite spoken to directly, in one run."""
