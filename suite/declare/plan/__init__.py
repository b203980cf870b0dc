"""The plan: vendor, workload and model in, everything that will run out."""
