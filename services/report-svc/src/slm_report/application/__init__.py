"""What the service does: hear, build, publish, show."""
