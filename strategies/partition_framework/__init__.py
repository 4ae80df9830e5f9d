"""The older, partition-specific framework: its three tables are read, converted to those of this portal, and kept once."""
