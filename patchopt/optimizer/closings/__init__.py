"""What the crew does last before each closing, packed so that hardly any of it stands idle."""
