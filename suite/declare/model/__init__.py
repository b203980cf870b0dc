"""What a model is: its facts, its architecture, its FLOPs; no weight is loaded."""
