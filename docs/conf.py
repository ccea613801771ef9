"""Configuration of the documentation site: `make docs`."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "Segue"
release = version_of("segue")
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "api_pages",
    "diagrams",
]
exclude_patterns = ["README.md"]
root_doc = "index"

myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3

# The lexer of terminals does not know a quoted argument of several lines, and colours it less.
suppress_warnings = ["misc.highlighting_failure"]

# Docstrings use Markdown's backticks for code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
napoleon_attr_annotations = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Shape", "Source"]

# The prompt and the output of a command are not copied.
copybutton_prompt_text = r"\$ |> |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "Segue"
html_favicon = "../services/web/public/web/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
# No address outside of the site is loaded.
html_theme_options = {"navigation_with_keys": True}

linkcheck_timeout = 20

# Pages that include a README from elsewhere in the repository: links to the file lead to the page.
INCLUDED = {"deploy/README.md": "deployment.md", "services/web/README.md": "web.md"}


def link_included_pages(_app: Sphinx, _name: str, source: list[str]) -> None:
    """Replace links to README files by links to the pages that include them."""
    for file, page in INCLUDED.items():
        source[0] = source[0].replace(f"](../{file}", f"]({page}").replace(f"](../../{file}", f"](../{page}")


def setup(app: Sphinx) -> None:
    """Connect the function above."""
    app.connect("source-read", link_included_pages)
