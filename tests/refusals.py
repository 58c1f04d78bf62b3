"""What tests of readers expect of a refusal: the place, what was found, what is allowed."""

import re

import pytest

from bertology.errors import InputError


def refused(reader, path, line, found, allowed):
    place = f"{path}, line {line}: found " if line else f"{path}: found "
    with pytest.raises(InputError) as error:
        reader(path)
    message = str(error.value)
    assert message.startswith(place), message
    assert re.search(f"{re.escape(found)}.*; allowed: .*{re.escape(allowed)}", message), message
