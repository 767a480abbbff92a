"""The stages of a lead's way after it was handed over, as outcomes tell them."""

STAGES = ("accepted", "returned", "qualified", "won", "lost", "left")
"""Sales accepted or returned the lead, qualified it, won or lost it; the customer left."""
FINAL = ("won", "lost", "returned", "left")
"""Stages after which a lead is no longer waiting to be scored."""
