"""HTTP for both drivers, by httpx's transports: no client, so no redirects, cookies or environment.

engine      the one import of httpx; its maintained continuation can take its place there
exchange    between our values and httpx's, and what its failures mean
body        the body of a response, decoded and within bounds
progress    how far an exchange has come: its deadline, and whether anything can have reached the server
network, async_network    the connections below httpx, for threads and for event loops
pools       httpx's transports over that network
aiohttp_engine    aiohttp in its place, with the extra `async`
sync        connections for threads
async_      connections for one event loop
"""
