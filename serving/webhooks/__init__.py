"""Webhooks: other systems are told what happened, signed, in order, until they say they have it."""
