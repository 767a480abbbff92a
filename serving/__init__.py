"""How a model is asked: the HTTP service. `bootstrap` puts it together; `app` is its frame."""
