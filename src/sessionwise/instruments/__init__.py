"""Questionnaires: how each is scored and read, and how far every part of that is known."""
