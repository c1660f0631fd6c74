# SPDX-License-Identifier: GPL-2.0-only
"""For "make html"; a kernel's source tree has its own conf.py instead of this one."""

import os
import re
import subprocess

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

project = 'dm-mktme'
html_title = project
html_copy_source = False
html_theme_options = {'page_width': '64em', 'sidebar_width': '16em'}


class KernelDoc(SphinxDirective):
    """".. kernel-doc:: FILE" as in the kernel, by the kernel's own script, which
    scripts/build-html looks for."""

    required_arguments = 1
    has_content = True
    option_spec = {'doc': directives.unchanged_required, 'export': directives.flag}

    def run(self):
        path = os.path.join(TOP, self.arguments[0])
        command = ['perl', os.environ['KERNEL_DOC'], '-rst', '-sphinx-version', '5.3.0']
        if 'doc' in self.options:
            command += ['-function', self.options['doc']]
        elif 'export' in self.options:
            command += ['-export']
        text = subprocess.run(command + [path], check=True, stdout=subprocess.PIPE,
                              encoding='utf-8').stdout
        if not text.strip():
            raise self.error(f'nothing of it in {self.arguments[0]}')
        self.env.note_dependency(path)
        node = nodes.section()
        node.document = self.state.document
        self.state.nested_parse(StringList(text.split('\n'), path), 0, node,
                                match_titles=True)
        return node.children


def link_documents(app, tree):
    """Documentation/NAME.rst in a text becomes a link, or a warning if there is none."""
    for text in list(tree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.literal, nodes.literal_block, nodes.reference)):
            continue
        parts = re.split(r'\bDocumentation/([\w/-]+)\.rst\b', text)
        new = []
        for i, part in enumerate(parts):
            if i % 2 == 0:
                new.append(nodes.Text(part))
                continue
            link = addnodes.pending_xref('', reftype='doc', refdomain='std', refwarn=True,
                                         reftarget='/' + part, refexplicit=False,
                                         refdoc=app.env.docname)
            link += nodes.inline('', part)
            new.append(link)
        if len(new) > 1:
            text.parent.replace(text, new)


def setup(app):
    app.add_directive('kernel-doc', KernelDoc)
    app.connect('doctree-read', link_documents)
