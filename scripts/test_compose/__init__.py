"""Production, tried as its users start it: make test-compose."""
