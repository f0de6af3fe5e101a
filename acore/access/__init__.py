"""Who may do what: rules over records, no actor in sight."""
