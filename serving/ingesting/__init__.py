"""What a mapping made of a payload, stored: in one transaction, whatever comes late, twice or out
of order."""
