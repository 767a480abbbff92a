"""One module a step; each can be taken back."""
