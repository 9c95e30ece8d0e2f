"""The scan maker: whole yearly reports as image documents with ground truth.

It stands apart from the package on purpose: it carries its own structure of the form, so that an error in the
package's copy of the form cannot hide in the documents that the package is measured on.
"""
