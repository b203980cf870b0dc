"""Signing and verification: statement, envelope, keys, trust list, numbered steps."""
