"""From a saved plan to a run and its record: read, compare, record, write, read back. Makes no plan."""
