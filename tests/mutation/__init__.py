"""A valid submission, changed in one field at a time: none may be accepted with another meaning.

``python -m tests.mutation`` does ten thousand; a sample of them is a unit test.
"""
