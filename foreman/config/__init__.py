"""The configuration file: shape, loading, what holds where."""
