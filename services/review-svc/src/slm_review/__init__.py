"""Service reviews, action plans against risks, improvement actions, lessons and proposals for new targets."""
