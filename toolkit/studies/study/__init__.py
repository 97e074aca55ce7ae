"""The study of one image set: an audit, and the collapse study of what it left."""
