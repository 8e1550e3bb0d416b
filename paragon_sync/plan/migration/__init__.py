"""Migrations: steps on a virtual copy of what is live, settled with what documents want. Pure, like the whole room."""
