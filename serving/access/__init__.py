"""Who may do what: keys, people, sessions, and the one table of permissions."""
