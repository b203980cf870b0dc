"""Report formats: one module each, named like the format with ``_`` for ``-``, with a `Format` called ``FORMAT``.

`registry.formats` only lists the modules; `registry.load` and `registry.render` import the one that is asked for, so that a command that offers
the names starts fast.
"""
