"""Profiles: what every vendor is asked alike, as YAML files, and the phases that they become in a plan."""
