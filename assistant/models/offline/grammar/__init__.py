"""Understanding: from what a person typed to wishes."""
