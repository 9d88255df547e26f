"""Who may do what: tokens, principals, and the guard in front of every route."""
