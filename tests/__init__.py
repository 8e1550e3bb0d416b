"""``unit`` mirrors the package, ``cases`` runs the command line end to end, ``properties`` hold of any JSON."""
