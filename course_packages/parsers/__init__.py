"""Parsers: one standard each, from the files of a package to ``course_packages.model``. Pure."""
