"""How often tools are called, how long they take and how often they fail: counted as it happens, never searched for."""
