"""What a report writes for a person to read: pages in Markdown."""
