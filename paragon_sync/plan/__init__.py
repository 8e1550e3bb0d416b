"""The heart, pure: what is desired and what is live → operations. No I/O, no clock, no other room."""
