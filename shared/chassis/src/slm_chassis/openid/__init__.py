"""OpenID Connect: the settings of a provider, its metadata and keys over HTTP, and the validation of its tokens."""
