"""HTTP for both drivers, by httpx's transports: no client, so no redirects, cookies or environment.

engine      the one import of httpx; its maintained continuation can take its place there
exchange    between our values and httpx's, and what its failures mean
body        the body of a response, decoded and within bounds
network     the connections below httpx: names by our resolver, the deadline, whether anything was sent
pools       httpx's transports over that network, and aiohttp's
sync        connections for threads
async_      connections for one event loop
"""
