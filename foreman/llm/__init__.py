"""The model gateway and what is behind it."""
