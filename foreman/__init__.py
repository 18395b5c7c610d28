"""An always-on AI co-maintainer for open-source repositories."""

__version__ = "0.1.0"
