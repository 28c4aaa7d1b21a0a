"""What users do with agreements: each module a noun, each function a verb that opens its own transaction."""
