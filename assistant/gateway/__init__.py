"""Gateway: the one door that every effect passes."""
