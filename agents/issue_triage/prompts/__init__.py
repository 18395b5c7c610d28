"""What the model is told, one file per kind of task."""
