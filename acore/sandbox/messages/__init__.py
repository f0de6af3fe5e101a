"""What can be said: bodies with their limits, embeds, components, and the messages themselves.

`drafts` reads a body, with `embeds`, `components`, `mentions`, `references` and `files` for its parts;
`messages` keeps and announces what is said; the other files are what is done with it: `reading`, `history`,
`pins`, `reactions`, `search`, `slowmode`.
"""
