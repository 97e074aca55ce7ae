"""A folder of pictures as people have it: what is wrong with its files, and a cleaned copy."""
