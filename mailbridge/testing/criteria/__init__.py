"""What a test asks of a mail.

arguments     the keywords, for type checkers and editors
keywords      how each of them is read
criterion     one thing that is asked of a mail, and what it found
wanted        what is wanted, compared with what is there
"""

from mailbridge.testing.criteria.arguments import Criteria

__all__ = ["Criteria"]
