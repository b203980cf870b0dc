"""Did the declared model answer? Recorded answers chosen, and what a reference says of them judged."""
