"""The agreement: criteria that both teams signed, what they mean, and the points they give."""
