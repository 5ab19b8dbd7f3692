"""Models: the protocol, the worker process that alone knows litellm, the built-in offline model, the catalogue."""
