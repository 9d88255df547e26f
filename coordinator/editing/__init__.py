"""What the editor of flows asks about a text: its parts and their picture, what may stand at a place, changes of it.

Everything here is computed from the text and the declarations of components.  Nothing is stored, and no I/O is done.
"""
