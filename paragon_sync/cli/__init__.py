"""The command line: one module for each command, wiring the rooms together; the only room that prints and exits."""
