"""What was asked: vendors, model facts, workload, plan. Pure data and pure functions."""
