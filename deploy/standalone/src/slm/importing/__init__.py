"""Import of files from other systems through the public API, by a mapping document."""
