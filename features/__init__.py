"""What is known of a lead at one instant: fields, activities, features and the agreed rulebook.

This package knows no HTTP, no SQL, no MLflow and no LightGBM. Everything works on numpy columns,
so that one lead online and a million offline go through the same code.
"""
