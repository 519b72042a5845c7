"""Settings of the site: Sphinx with MyST, so that the pages stay plain Markdown."""

project = "ctguard"
author = "the ctguard contributors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
html_theme = "furo"
html_title = "ctguard"
html_copy_source = False
html_show_sphinx = False
myst_heading_anchors = 4
# Blocks of console sessions and of outputs have no grammar of their own.
# causes.md is made by a test, with headings of the third level.
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
