"""How a model is asked: the HTTP service and its pages."""
