"""Pages for people: server-rendered, readable without scripts, nothing from elsewhere."""
