"""Directive `mermaid`: draws a Mermaid diagram as SVG while the site is built, so that its pages need no script."""

from typing import Any

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Mermaid(SphinxDirective):
    """A diagram in Mermaid's language."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the diagram as a figure; a builder without HTML shows nothing."""
        svg = mermaidx.render("\n".join(self.content)).svg()
        return [nodes.raw("", f'<figure class="diagram">{svg}</figure>', format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True}
