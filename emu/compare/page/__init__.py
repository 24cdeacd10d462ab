"""A comparison as one self-contained HTML page: no network, no scripts, same input same bytes.

``markup`` builds elements and escapes; ``scale``, ``chart`` and ``labels`` are geometry;
``picture`` with its ``dots`` and ``timeline`` draw; ``tables`` tabulates; ``document`` puts them
together; ``style`` is the CSS.
"""
