"""One scenario under many policies on the same seeded faults: what each noticed, and its price.

``plan`` says what is played, ``pool`` plays it on the machine's cores, ``outcome`` is what one
run leaves, ``rows`` what a policy's runs come to, ``comparison`` the ranked whole; ``table``
and ``csv_file`` show it.  Importing this package imports none of them.
"""
