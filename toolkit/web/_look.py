"""How the pages look: fonts of the system, light and dark, wide and narrow."""

__all__ = ["CSS", "HEAD", "ICON", "theme"]

# In the page itself, from its first line on: browsers ask for an icon at the top of a host, which behind a proxy is
# somebody else's.
ICON = (
    '<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27 viewBox=%270 0 8 8%27%3E'
    "%3Cpath fill=%27%230a5a8f%27 d=%27M0 0h3.5v3.5H0zM4.5 0H8v3.5H4.5zM0 4.5h3.5V8H0z%27/%3E"
    '%3Cpath fill=%27%23d95f02%27 d=%27M4.5 4.5H8V8H4.5z%27/%3E%3C/svg%3E">'
)
HEAD = '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'

CSS = """
.gradio-container {max-width: 1240px !important; margin: 0 auto !important}
.said {margin: .4rem 0; padding: .5rem .8rem; border-left: 3px solid var(--color-accent);
  background: var(--background-fill-secondary); overflow-wrap: anywhere}
.said.warned {border-left-color: #c2410c; font-weight: 600}
.findings {margin: .3rem 0 .3rem 1.1rem; list-style: disc; line-height: 1.55; overflow-wrap: anywhere}
.progress progress {width: 100%; height: .8rem; accent-color: var(--color-accent)}
.progress p {margin: .2rem 0; font-variant-numeric: tabular-nums}
img.picture {max-width: 100%; height: auto; background: #fff; border-radius: 4px}
img.pixels, .strip img.picture {image-rendering: pixelated; object-fit: contain; background: #808080}
img.pixels {width: min(100%, 320px)}
.strip {display: flex; flex-wrap: wrap; gap: .7rem; margin: .4rem 0}
.strip figure {margin: 0; width: 104px}
.strip img.picture {width: 104px; height: 104px}
.strip figcaption {font-size: .8rem; line-height: 1.25; overflow-wrap: anywhere; color: var(--body-text-color-subdued)}
.strip.large figure {width: 240px}
.strip.large img.picture {width: 240px; height: 240px}
.gallery-images img, #audit-gallery img, #generate-plane img {image-rendering: pixelated}
#generate-plane img {cursor: crosshair; background: #fff}
table.figures, table.figures tr {border: 0 !important}
table.figures {border-collapse: collapse; margin: .4rem 0}
table.figures td, table.figures th {padding: .2rem 1rem .2rem 0 !important; text-align: left; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; font-variant-numeric: tabular-nums}
#audit-gallery .grid-container {grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)) !important}
/* What was found stands below its image, whole. */
#audit-gallery .caption-label {inset: auto 0 0 0 !important; max-width: none !important; white-space: normal !important;
  text-overflow: clip; border-radius: 0; font-size: .72rem; line-height: 1.15; padding: .15rem .3rem;
  text-align: center}
#audit-gallery .thumbnail-lg img {padding-bottom: 1.9rem}
#audit-decide {align-self: center; max-width: 14rem; margin: .6rem}
.answer {font-size: 2rem; font-weight: 700; margin: .3rem 0; font-variant-numeric: tabular-nums}
input[role="listbox"] {text-overflow: ellipsis; padding-right: 1.4rem !important}
:focus-visible {outline: 3px solid var(--color-accent) !important; outline-offset: 1px}
footer {display: none !important}
@media (max-width: 640px) {
  .gradio-container {padding: .4rem !important}
  .strip.large figure, .strip.large img.picture {width: 150px}
  .strip.large img.picture {height: 150px}
}
@media (prefers-reduced-motion: reduce) {* {animation: none !important; transition: none !important}}
"""


def theme(gr):
    """Gradio's plain theme with fonts that are there already.

    Parameters
    ----------
    gr : module
    """
    return gr.themes.Default(
        primary_hue="blue",
        neutral_hue="slate",
        font=["system-ui", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
