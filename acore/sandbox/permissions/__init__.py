"""Who may do what: Discord's permissions, and how roles and overwrites decide them."""
