"""What can go wrong with a zip or tar."""

import tarfile
import zipfile
import zlib
from lzma import LZMAError

BROKEN_ARCHIVE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError),  # zip: a compression that Python lacks; a password
)
"""What Python raises for archives that it cannot read."""
