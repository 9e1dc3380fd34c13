"""The lab runner: topologies, the places they run on, and the speakers in them."""
