"""Files of other systems, streamed through the public API by a mapping document."""
