"""End-to-end cases: one folder each, walked by one runner; README.md tells what is in a folder."""
