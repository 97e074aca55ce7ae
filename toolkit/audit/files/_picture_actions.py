"""What a plan may have repaired in the pixels of a file: which fault each action undoes."""

__all__ = ["PICTURE_ACTIONS"]

# action: the fault that it undoes, and what is done, in words.
PICTURE_ACTIONS = {
    "denoise": ("noisy", "noise taken out"),
    "deblock": ("jpeg_blocks", "blocks of compression smoothed"),
    "fill_pixels": ("hot_pixels", "lost pixels filled"),
    "fill_lines": ("dead_lines", "lost lines filled"),
    "stretch": ("low_contrast", "contrast raised"),
}
