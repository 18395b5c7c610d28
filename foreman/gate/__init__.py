"""Pure decisions about what an agent may do and say."""
