"""Routes for machines: parse, call one use case, answer."""
