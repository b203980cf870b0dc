"""Vendors: what a declaration says, whether it can be right, and what follows from it."""
