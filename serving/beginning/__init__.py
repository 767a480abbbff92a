"""An installation's first run: from a CSV in the browser to the first model."""
