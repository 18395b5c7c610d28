"""From nothing to a configuration: find the repository, read how it is kept, propose, write it down."""
