"""Files of pictures: what is known of each, a plan of what becomes of them, and a cleaned copy of their folder."""
