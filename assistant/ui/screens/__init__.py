"""One screen, one module and one style sheet. Every screen but the chat is imported when it is first opened."""
