"""The commands of the front door, one module a concern. `leadpact.py` puts them together."""
