"""The world in virtual time: timeline, links, hosts, programs.  The only Trio in the package."""
