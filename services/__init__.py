"""The services of Kontor. None imports another; they meet through proto/ and events."""
