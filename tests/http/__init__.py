"""Answers for node/http."""
