"""What history says each criterion of a rulebook is worth, for people to negotiate over."""
