"""Independent support for the tests: it shares no code with the package that it checks."""
