"""Coverage of real images by samples from anywhere: run, report, files."""
