"""Later."""


class GeneratePage:
    def __init__(self, gr, root, visits):
        gr.HTML("later")
