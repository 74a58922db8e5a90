"""Systems: which operator runs on which engine, and what that comes to."""
