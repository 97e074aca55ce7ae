"""The study of mode collapse: recipes, runs, findings, figures, files."""
