"""Systems that we ask, rather than they us: what changed there comes here, scores go back."""
