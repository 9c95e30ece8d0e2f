"""The REST API: documents in, results out, for programs. Thin: the work is done in ``jobs`` and ``workspace``.

:func:`gikocr.web.api.app.create_app` makes the application, :func:`gikocr.web.api.server.serve` runs it.
"""
