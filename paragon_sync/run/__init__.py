"""What the commands do: ties manifests, catalog, plan, store and the API together. Prints nothing, exits nothing."""
