"""Taking a run back: what it wrote, value by value, and what of that goes back to what it was. Pure."""
