"""What a fleet comes to: the signed statement over all machines, its verification, and the spread between identical ones."""
