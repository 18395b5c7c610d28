"""A stateful forge on loopback, for people to try and tests to drive."""
