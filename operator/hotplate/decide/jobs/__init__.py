"""Jobs as the decisions see them: what each one does, and how far its run is.

A spec says what a Job does and what makes it this one; a run is what the status keeps of it.
"""
