"""Jobs: work that takes longer than a request, in batches that survive whatever ends a process."""
