"""Planning under failures: what nobody can beat, and plans that expect them (MODEL 12)."""
