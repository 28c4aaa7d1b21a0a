"""The rules of webhooks: who gets which event, signatures, and when to try again."""
