"""Lists of tasks made into schedules, quickly: compiled serial schedule generation."""
