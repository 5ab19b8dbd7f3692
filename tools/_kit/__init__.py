"""What tools share. Imported by tools only, inside the room; see ../README.md."""
