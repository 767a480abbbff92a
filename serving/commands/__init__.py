"""The commands of the service's side; `leadpact.py` puts them together with training's."""
