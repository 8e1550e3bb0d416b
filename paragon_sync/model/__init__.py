"""The nouns, frozen and without I/O: one module for each stage that a value passes through.

declared → (catalog) → desired; live; desired + live → planned → outcome. Only ``jsonvalue`` and ``errors`` stand below.
"""
