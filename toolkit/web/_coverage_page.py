"""Later."""


class CoveragePage:
    def __init__(self, gr, root, visits):
        gr.HTML("later")
