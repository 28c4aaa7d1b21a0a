"""Service reviews, action plans against risks, improvement actions, lessons and proposed objectives."""
