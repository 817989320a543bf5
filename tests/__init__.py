"""Tests. A package, so that what they share has one name: `tests.servers`."""
