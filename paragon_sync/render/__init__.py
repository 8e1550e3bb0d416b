"""What people and machines get to read, each made from what is stored. Knows no HTTP, no manifests and no planner."""
