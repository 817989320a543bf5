"""Runnable examples of Pinyon; every one of them is run by a test."""
