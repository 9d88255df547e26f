"""The account of the owner, with which a person opens the web pages, and the sessions that signing in begins."""
