"""Answers for node/runtime."""
