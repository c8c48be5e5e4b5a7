"""What a report says in numbers: estimates with intervals, comparisons, non-dominated sets."""
