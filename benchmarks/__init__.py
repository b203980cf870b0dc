"""What holds the suite itself to account; none of it is shipped."""
