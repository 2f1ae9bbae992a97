"""Drivers: they perform what flows ask for, with plain sockets (`sync`) or on asyncio (`async_`)."""
