"""How a model is made: intake, labels by time, evaluation, and the pipeline that orders them."""
