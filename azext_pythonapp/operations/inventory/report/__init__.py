"""The inventory as one page for a browser, which asks for nothing from outside."""
