"""What every vendor is asked alike: tasks, prompts, profiles."""
