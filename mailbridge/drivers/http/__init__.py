"""HTTP for both drivers, by httpx's transports: no client, so no redirects, cookies or environment.

engine      the one import of httpx; its maintained continuation can take its place there
exchange    between our values and httpx's; what its failures mean; bodies read within bounds
sync        connections for threads
async_      connections for one event loop
"""
