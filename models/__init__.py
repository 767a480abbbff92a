"""What a trained model is: the ladder, its bundle, its explanation and its registry."""
