"""What is kept on disk: staged documents, the plan file, the state store. Knows no manifests, no planner, no HTTP."""
