"""DSNs: a transport, or a policy around transports, in one line. The grammar is told in `dsn.grammar`."""

from mailbridge.dsn.options import Options
from mailbridge.dsn.value import Dsn

__all__ = ["Dsn", "Options"]
