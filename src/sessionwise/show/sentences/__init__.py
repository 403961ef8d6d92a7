"""Sentences as a results section would write them, made from the numbers."""
