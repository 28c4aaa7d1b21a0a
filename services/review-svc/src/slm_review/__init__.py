"""Reviews, action plans, improvement actions, lessons and proposals for new targets."""
