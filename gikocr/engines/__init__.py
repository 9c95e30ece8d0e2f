"""Engines: the only room that imports onnxruntime, torch, paddle or layoutparser's model classes.

Nothing heavy is imported until an engine is built by :mod:`gikocr.engines.registry`.
"""
