"""Carrying out what people with write access order in comments, and answering them."""
