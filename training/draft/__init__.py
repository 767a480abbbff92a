"""First drafts."""
